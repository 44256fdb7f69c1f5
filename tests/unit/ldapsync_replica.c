/* ldapsync/replica: the directory in memory: what is set, deleted, seen; the file in its order; a state that belongs to it. */
#include "ldapsync/replica.h"
#include "tests/check.h"

#define ONE "dn: uid=a,dc=x\nentryuuid: 00000000-0000-0000-0000-000000000001\nmail: a@x\n\n"
#define TWO "dn: uid=b,dc=x\nentryuuid: 00000000-0000-0000-0000-000000000002\n\n"
#define TWO_LONG "dn: uid=b,dc=x\nentryuuid: 00000000-0000-0000-0000-000000000002\ndescription: 12345678901234567890123456789012345678901234567890\n 123456789012345\n\n"

static void set(struct replica *r, unsigned char id, const char *key, const char *ldif)
{
  unsigned char uuid[SYNCVALUE_UUID] = { 0 };
  text key_text = TEXT_ZERO, ldif_text = TEXT_ZERO;

  uuid[15] = id;
  text_add(&key_text, key);
  text_add(&ldif_text, ldif);
  replica_set(r, uuid, &key_text, &ldif_text);
  text_free(&key_text);
  text_free(&ldif_text);
}

static bool see(struct replica *r, unsigned char id) { return replica_see(r, (unsigned char[SYNCVALUE_UUID]){ [15] = id }); }

static bool delete(struct replica *r, unsigned char id) { return replica_delete(r, (unsigned char[SYNCVALUE_UUID]){ [15] = id }); }

static void check_file(struct replica *r, const char *expected, const char *what)
{
  text file = TEXT_ZERO;

  replica_format(r, &file);
  check_is(text_string(&file), expected, what);
  text_free(&file);
}

static void check_changes(void)
{
  struct replica r = REPLICA_ZERO;

  check_file(&r, "version: 1\n\n", "an empty one");
  set(&r, 2, "2b", TWO), set(&r, 1, "1a", ONE);
  check_file(&r, "version: 1\n\n" ONE TWO, "the file is sorted by key");
  set(&r, 1, "3a", "dn: uid=c\n\n");
  check_file(&r, "version: 1\n\n" TWO "dn: uid=c\n\n", "a rename replaces the entry, and may move it");
  check(!delete(&r, 7) && delete(&r, 2) && !delete(&r, 2), "an entry is deleted once");
  check_file(&r, "version: 1\n\ndn: uid=c\n\n", "... and is gone");
  set(&r, 2, "2b", TWO), set(&r, 9, "9", "dn: x\n\n");
  replica_refresh_begin(&r);
  set(&r, 4, "0", ONE);
  check(see(&r, 2) && !see(&r, 5), "only who is there can be seen");
  check(replica_delete_unseen(&r) == 2, "who was neither seen nor sent in a refresh is gone");
  check_file(&r, "version: 1\n\n" ONE TWO, "... and no one else");
  for (unsigned int i = 0; i < 250; i++) set(&r, (unsigned char)i, "k", "dn: y\n\n");
  check(r.count == 250, "many");
  replica_clear(&r);
}

static bool parse(struct replica *r, const text *file, const text *state, const char *origin, const char *digest)
{
  text bytes = TEXT_ZERO, error = TEXT_ZERO;
  struct profile p = PROFILE_ZERO;

  text_add(&bytes, "key: entryUUID\nprimary: mail\nalias: description\n");
  if (!profile_parse(&p, "test", bytes.s, bytes.len, &error)) check(false, error.s);
  replica_clear(r);
  bool good = replica_parse(r, &p, file, state, origin, digest);
  profile_close(&p);
  text_free(&bytes);
  text_free(&error);
  return good;
}

static void check_state(void)
{
  struct replica r = REPLICA_ZERO, again = REPLICA_ZERO;
  text file = TEXT_ZERO, state = TEXT_ZERO, cut = TEXT_ZERO;
  bool stayed_empty = true;

  set(&r, 1, "k1", ONE), set(&r, 2, "k2", TWO_LONG);
  text_add_bytes(&r.cookie, "c\0\n", 3);
  replica_format(&r, &file);
  replica_state_format(&r, "origin", "digest", &state);
  check(parse(&again, &file, &state, "origin", "digest") && again.count == 2, "file and state are read again");
  check(again.cookie.len == 3 && !memcmp(again.cookie.s, "c\0\n", 3), "... with the cookie, whatever its bytes");
  check_file(&again, text_string(&file), "... and written again as they were");
  check(delete(&again, 2) && !delete(&again, 3), "... each entry under its id");
  check(!parse(&again, &file, &state, "elsewhere", "digest") && !again.count, "not of another origin");
  check(!parse(&again, &file, &state, "origin", "another"), "not with another file");
  for (size_t i = 0; i < state.len; i++) {
    text_copy_bytes(&cut, state.s, i);
    stayed_empty &= !parse(&again, &file, &cut, "origin", "digest") && !again.count;
  }
  check(stayed_empty, "a state that was cut off is none");
  text_add(&state, "00000000000000000000000000000003\n");
  check(!parse(&again, &file, &state, "origin", "digest") && !again.count, "nor one with an id too many");
  replica_clear(&r);
  replica_clear(&again);
  text_free(&file);
  text_free(&state);
  text_free(&cut);
}

int main(void)
{
  check_changes();
  check_state();
  return check_done();
}
