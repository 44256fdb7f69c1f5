/* ldapsync/syncvalue: the values of RFC 4533 as slapd sends them, and what is not one. */
#include "ldapsync/syncvalue.h"
#include "lib/hex.h"
#include "tests/check.h"

#define ID "00112233445566778899aabbccddeeff"
#define ID2 "ffeeddccbbaa99887766554433221100"

static text unhex(const char *hex)
{
  text bytes = TEXT_ZERO;
  for (; *hex; hex += 2) text_add_char(&bytes, (char)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
  return bytes;
}

static const struct { const char *hex, *expected, *what; } entries[] = {
  { "3015" "0a0101" "0410" ID, "state 1", "an added entry without a cookie" },
  { "3018" "0a0102" "0410" ID "040163", "state 2 cookie c", "a modified one with a cookie" },
  { "3015" "0a0100" "0410" ID, "state 0", "a present one" },
  { "308115" "0a0103" "0410" ID, "state 3", "a deleted one; a length in the long form" },
  { "3015" "0a0104" "0410" ID, "no", "a state that there is not" },
  { "3014" "0a0101" "040f" "00112233445566778899aabbccddee", "no", "an id that is too short" },
  { "3016" "0a0101" "0410" ID, "no", "longer than its bytes" },
  { "3014" "0a0101" "0410" ID, "no", "shorter than its bytes" },
  { "3015" "0a0101" "0410" ID "00", "no", "bytes behind it" },
  { "3018" "0a0101" "0410" ID "010163", "no", "something else than a cookie" },
  { "3080" "0a0101" "0410" ID "0000", "no", "an indefinite length, which LDAP forbids" },
  { "3085" "0000000015" "0a0101" "0410" ID, "no", "a length of five bytes" },
  { "3000", "no", "nothing in it" }, { "30", "no", "half of a head" }, { "", "no", "nothing" },
};

static const struct { const char *hex, *expected, *what; } infos[] = {
  { "800163", "kind 0 cookie c", "a new cookie" },
  { "8000", "kind 0 cookie ", "an empty one" },
  { "a100", "kind 1 done", "the delete phase is over, and with it the refresh" },
  { "a103" "010100", "kind 1", "more phases follow" },
  { "a206" "040163" "0101ff", "kind 2 cookie c done", "the present phase, with a cookie" },
  { "a203" "040163", "kind 2 cookie c done", "done is true if it is not said" },
  { "a314" "3112" "0410" ID, "kind 3 ids 1", "ids of those that are present" },
  { "a32c" "040163" "0101ff" "3124" "0410" ID "0410" ID2, "kind 3 cookie c deleted ids 2", "ids of those that were deleted" },
  { "a302" "3100", "kind 3 ids 0", "an empty set" },
  { "a313" "3111" "040f" "00112233445566778899aabbccddee" "00", "no", "an id that is too short" },
  { "a300", "no", "a set that is not there" },
  { "a304" "01020000", "no", "a boolean of two bytes" },
  { "a400", "no", "a choice that there is not" }, { "a1", "no", "half of a head" }, { "", "no", "nothing" },
};

static void add_cookie(text *words, const struct syncvalue_bytes *cookie)
{
  if (cookie->bytes) text_add_format(words, " cookie %.*s", (int)cookie->length, (const char *)cookie->bytes);
}

static void check_entry(const char *hex, const char *expected, const char *what)
{
  text bytes = unhex(hex), words = TEXT_ZERO;
  struct syncvalue_entry e;

  if (syncvalue_entry_parse(bytes.s, bytes.len, &e)) {
    text_add_format(&words, "state %d", (int)e.state);
    add_cookie(&words, &e.cookie);
    if (e.uuid[1] != 0x11) text_add(&words, " another id");
  } else
    text_add(&words, "no");
  check_is(text_string(&words), expected, what);
  text_free(&bytes);
  text_free(&words);
}

static void check_info(const char *hex, const char *expected, const char *what)
{
  text bytes = unhex(hex), words = TEXT_ZERO;
  struct syncvalue_info i;
  unsigned int count = 0;

  if (syncvalue_info_parse(bytes.s, bytes.len, &i)) {
    text_add_format(&words, "kind %d", (int)i.kind);
    add_cookie(&words, &i.cookie);
    if (i.is_done) text_add(&words, " done");
    if (i.is_deleted) text_add(&words, " deleted");
    while (syncvalue_next_id(&i.ids)) count++;
    if (i.kind == SYNCVALUE_ID_SET) text_add_format(&words, " ids %u", count);
  } else
    text_add(&words, "no");
  check_is(text_string(&words), expected, what);
  text_free(&bytes);
  text_free(&words);
}

static void check_request(size_t length, const char *head, const char *what)
{
  text cookie = TEXT_ZERO, value = TEXT_ZERO, hex = TEXT_ZERO;

  for (size_t i = 0; i < length; i++) text_add_char(&cookie, 'c');
  syncvalue_request(&value, length ? &cookie : 0);
  hex_add(&hex, value.s, value.len - length);
  check_is(text_string(&hex), head, what);
  text_free(&cookie);
  text_free(&value);
  text_free(&hex);
}

int main(void)
{
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) check_entry(entries[i].hex, entries[i].expected, entries[i].what);
  for (size_t i = 0; i < sizeof infos / sizeof *infos; i++) check_info(infos[i].hex, infos[i].expected, infos[i].what);
  check_request(0, "30030a0103", "a request without a cookie");
  check_request(5, "300a0a01030405", "one with a cookie");
  check_request(200, "3084000000d10a01030484000000c8", "one with a long cookie");
  return check_done();
}
