#include "imap/entry.h"

#include <string.h>

#include "imap/utf7.h"

#define INBOX "INBOX"
#define INBOX_LENGTH 5

/* Is this backslash one that an escape begins with: \2e, or as a level's own text \5c2e, \5c5c2e ...? */
static bool begins_escape(const char *at, const char *end)
{
  if (at == end || *at++ != '\\') return false;
  while (end - at >= 2 && !memcmp(at, "5c", 2)) at += 2;
  return end - at >= 2 && !memcmp(at, "2e", 2);
}

static bool begins_with_inbox(const char *bytes, size_t length)
{
  return length >= INBOX_LENGTH && bytes_are_nocase(bytes, INBOX, INBOX_LENGTH) &&
    (length == INBOX_LENGTH || bytes[INBOX_LENGTH] == IMAP_SEPARATOR);
}

bool imap_name_is_inbox(const text *name)
{
  return name->len == INBOX_LENGTH && !memcmp(name->s, INBOX, INBOX_LENGTH);
}

bool imap_name_is_below(const text *name, const text *parent)
{
  return name->len > parent->len && name->s[parent->len] == IMAP_SEPARATOR && !memcmp(name->s, parent->s, parent->len);
}

static bool is_utf7(const char *name, size_t length)
{
  text utf8 = TEXT_ZERO;
  bool fine = imap_utf7_decode(name, length, &utf8);

  text_free(&utf8);
  return fine;
}

/* "." and "..": nobody means a folder by them. */
static bool has_dots(const char *name, size_t length)
{
  for (size_t from = 0, at = 0; at <= length; at++) {
    if (at < length && name[at] != IMAP_SEPARATOR) continue;
    if ((at - from == 1 || at - from == 2) && !memcmp(name + from, "..", at - from)) return true;
    from = at + 1;
  }
  return false;
}

static const char *problem_of(const char *name, size_t length)
{
  if (!length) return "a mailbox name is not empty";
  for (size_t i = 0; i < length; i++) {
    if ((unsigned char)name[i] < 0x20 || (unsigned char)name[i] >= 0x7f)
      return "a mailbox name is written in modified UTF-7, without control characters";
    if (name[i] == IMAP_SEPARATOR && (!i || i + 1 == length || name[i + 1] == IMAP_SEPARATOR))
      return "a mailbox name has no empty level";
  }
  if (has_dots(name, length)) return "no level of a mailbox name is . or ..";
  return is_utf7(name, length) ? 0 : "the mailbox name is not modified UTF-7";
}

const char *imap_entry_name(const char *given, text *name)
{
  size_t length = strlen(given);
  text entry = TEXT_ZERO;

  if (length > 1 && given[length - 1] == IMAP_SEPARATOR) length--;
  if (length > IMAP_ENTRY_MAX) return "the mailbox name is too long";
  const char *problem = problem_of(given, length);
  if (problem) return problem;
  text_copy_bytes(name, given, length);
  if (begins_with_inbox(given, length)) memcpy(name->s, INBOX, INBOX_LENGTH);
  imap_entry_format(name, &entry);
  bool fits = entry.len <= IMAP_ENTRY_MAX;
  text_free(&entry);
  return fits ? 0 : "the mailbox name is too long";
}

void imap_entry_format(const text *name, text *entry)
{
  const char *end = name->s + name->len;

  text_copy(entry, ".");
  if (imap_name_is_inbox(name)) return;
  for (const char *at = name->s; at < end; at++)
    if (*at == IMAP_SEPARATOR) text_add_char(entry, '.');
    else if (*at == '.') text_add(entry, "\\2e");
    else if (begins_escape(at, end)) text_add(entry, "\\5c");
    else text_add_char(entry, *at);
}

bool imap_entry_parse(const char *entry, text *name)
{
  const char *end = entry + strlen(entry);

  if (*entry != '.' || strchr(entry, IMAP_SEPARATOR)) return false;
  text_clear(name);
  for (const char *at = entry + 1; at < end; at++)
    if (*at == '.') text_add_char(name, IMAP_SEPARATOR);
    else if (begins_escape(at, end)) {
      text_add_char(name, at[1] == '2' ? '.' : '\\');
      at += 2;
    } else text_add_char(name, *at);
  return name->len && !imap_name_is_inbox(name) && !problem_of(name->s, name->len);
}

bool imap_entry_has_control(const text *name)
{
  text utf8 = TEXT_ZERO;
  bool has = !imap_utf7_decode(name->s, name->len, &utf8);

  for (size_t i = 0; i < utf8.len && !has; i++) {
    unsigned char c = (unsigned char)utf8.s[i], next = i + 1 < utf8.len ? (unsigned char)utf8.s[i + 1] : 0xff;
    has = c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0);
  }
  text_free(&utf8);
  return has;
}
