/* ldapsync/replica: the directory in memory: what is set, deleted, seen; the file in its order; a state that belongs to it. */
#include "ldapsync/replica.h"
#include "tests/check.h"

#define ONE "dn: uid=a,dc=x\nentryuuid: 00000000-0000-0000-0000-000000000001\nmail: a@x\n\n"
#define TWO "dn: uid=b,dc=x\nentryuuid: 00000000-0000-0000-0000-000000000002\n\n"
#define TWO_LONG "dn: uid=b,dc=x\nentryuuid: 00000000-0000-0000-0000-000000000002\ndescription: 12345678901234567890123456789012345678901234567890\n 123456789012345\n\n"

static bool set(struct replica *r, unsigned char id, const char *key, const char *ldif)
{
  unsigned char uuid[SYNCVALUE_UUID] = { 0 };
  text key_text = TEXT_ZERO, ldif_text = TEXT_ZERO;

  uuid[15] = id;
  text_add(&key_text, key);
  text_add(&ldif_text, ldif);
  bool is_new = replica_set(r, uuid, &key_text, &ldif_text);
  text_free(&key_text);
  text_free(&ldif_text);
  return is_new;
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

static void check_batch(struct replica *r, const char *expected, const char *what)
{
  text batch = TEXT_ZERO;

  replica_changes_format(r, &batch);
  replica_changes_forget(r);
  check_is(text_string(&batch), expected, what);
  text_free(&batch);
}

#define ID(n) "# id 000000000000000000000000000000" n "\n"
#define GONE(n, dn) ID(n) "dn: " dn "\nchangetype: delete\n\n"
#define BATCH(lines) "# changes\n" lines "# end of changes\n"

/* What makes a file right that has what there was when it was last asked for. */
static void check_changes_of_file(void)
{
  struct replica r = REPLICA_ZERO;
  unsigned int many = 0;

  check(set(&r, 1, "1", "dn: a\n\n") && set(&r, 2, "2", "dn: b\n\n"), "two are new");
  check_batch(&r, BATCH(ID("01") "dn: a\n\n" ID("02") "dn: b\n\n"), "... and are the batch");
  check_batch(&r, "", "there is nothing else");
  check(!set(&r, 1, "1", "dn: a\n\n"), "what is so already is no change");
  check_batch(&r, "", "... and in no batch");
  check(set(&r, 1, "1", "dn: a\nx: 1\n\n") && set(&r, 1, "1", "dn: a\nx: 2\n\n"), "changed twice");
  check_batch(&r, BATCH(ID("01") "dn: a\nx: 2\n\n"), "... is one change");
  set(&r, 1, "1", "dn: c\n\n");
  check_batch(&r, BATCH(GONE("01", "a") ID("01") "dn: c\n\n"), "a rename: the old DN is gone");
  set(&r, 1, "1", "dn: d\n\n"), set(&r, 1, "1", "dn: e\n\n");
  check_batch(&r, BATCH(GONE("01", "c") GONE("01", "d") ID("01") "dn: e\n\n"), "renamed twice");
  set(&r, 1, "1", "dn: x\n\n"), set(&r, 2, "2", "dn: e\n\n"), set(&r, 1, "1", "dn: b\n\n");
  check_batch(&r, BATCH(GONE("01", "e") GONE("02", "b") GONE("01", "x") ID("01") "dn: b\n\n" ID("02") "dn: e\n\n"), "two that change their names with each other");
  delete(&r, 2);
  check_batch(&r, BATCH(GONE("02", "e")), "a deletion");
  set(&r, 2, "2", "dn: e\n\n"), delete(&r, 2);
  check_batch(&r, BATCH(GONE("02", "e")), "who came and went");
  set(&r, 3, "3", "dn: b\n\n");
  check_batch(&r, BATCH(ID("03") "dn: b\n\n"), "one comes to a DN before the other has left it");
  delete(&r, 1);
  check_batch(&r, "", "... who then goes, and takes nobody along");
  for (unsigned int i = 0; i < 3000; i++) {
    text dn = TEXT_ZERO;
    text_add_format(&dn, "dn: u%u\n\n", i % 250);
    many += set(&r, (unsigned char)(i % 250), "k", text_string(&dn));
    text_free(&dn);
  }
  check(many == 250 && r.count == 250, "many");
  replica_clear(&r);
}

static bool parse(struct replica *r, const struct replica_files *f, const char *origin, const char *digest, uint64_t *length)
{
  text bytes = TEXT_ZERO, error = TEXT_ZERO;
  struct profile p = PROFILE_ZERO;

  text_add(&bytes, "key: entryUUID\nprimary: mail\nalias: description\n");
  if (!profile_parse(&p, "test", bytes.s, bytes.len, &error)) check(false, error.s);
  replica_clear(r);
  bool good = replica_parse(r, &p, f, origin, digest, length);
  profile_close(&p);
  text_free(&bytes);
  text_free(&error);
  return good;
}

/* Is every file refused that has lost its end? */
static bool refuses_cut(struct replica *r, const struct replica_files *f, const text **which)
{
  const text *whole = *which;
  text cut = TEXT_ZERO;
  bool good = true;
  uint64_t length;

  for (size_t i = 0; i < whole->len; i++) {
    text_copy_bytes(&cut, whole->s, i);
    *which = &cut;
    good &= !parse(r, f, "origin", "digest", &length) && !r->count;
    *which = whole;
  }
  text_free(&cut);
  return good;
}

static void check_refused(struct replica *r, struct replica_files *f, text *ids)
{
  uint64_t length;

  check(!parse(r, f, "elsewhere", "digest", &length) && !r->count, "not of another origin");
  check(!parse(r, f, "origin", "another", &length), "not with another file");
  struct replica_files cut = *f;
  check(refuses_cut(r, &cut, &cut.state), "a state that was cut off is none");
  cut = *f;
  check(refuses_cut(r, &cut, &cut.ids), "nor ids");
  text_add(ids, "00000000000000000000000000000003\n");
  check(!parse(r, f, "origin", "digest", &length) && !r->count, "nor an id too many");
  text_copy(ids, "postroom-ids 1\norigin\ndigest\n00000000000000000000000000000001\n00000000000000000000000000000001\n");
  check(!parse(r, f, "origin", "digest", &length) && !r->count, "nor one that is there twice");
}

static void check_state(void)
{
  struct replica r = REPLICA_ZERO, again = REPLICA_ZERO;
  text file = TEXT_ZERO, state = TEXT_ZERO, ids = TEXT_ZERO, batch = TEXT_ZERO;
  struct replica_files files = { &file, &ids, &state };
  uint64_t length = 0;

  set(&r, 1, "k1", ONE), set(&r, 2, "k2", TWO_LONG);
  text_add_bytes(&r.cookie, "c\0\n", 3);
  replica_format(&r, &file);
  replica_changes_forget(&r);
  replica_ids_format(&r, "origin", "digest", &ids);
  replica_state_format(&r, "origin", "digest", 17, &state);
  check(parse(&again, &files, "origin", "digest", &length) && again.count == 2 && length == 17, "file and state are read again");
  check(again.cookie.len == 3 && !memcmp(again.cookie.s, "c\0\n", 3), "... with the cookie, whatever its bytes");
  check_file(&again, text_string(&file), "... and written again as they were");
  check_batch(&again, "", "... there is nothing to be made right");
  check(delete(&again, 2) && !delete(&again, 3), "... each entry under its id");
  replica_changes_forget(&r);
  set(&r, 2, "k2", TWO), set(&r, 3, "k0", "dn: uid=c\nmail: c@x\n\n"), delete(&r, 1);
  replica_changes_format(&r, &batch);
  text_add_text(&file, &batch);
  check(parse(&again, &files, "origin", "digest", &length) && again.count == 2, "a file that has grown");
  check_file(&again, "version: 1\n\n" TWO "dn: uid=c\nmail: c@x\n\n", "... has what there is now, written whole in its order");
  check(delete(&again, 3) && delete(&again, 2), "... each entry under its id");
  file.len -= batch.len;
  check(replica_is_of(&r, &file), "a file that has what the one before had is known");
  replica_changes_forget(&r);
  check(!replica_is_of(&r, &file), "... until it was made right");
  text_add_text(&file, &batch);
  check(replica_is_of(&r, &file), "so is one that has what there is now");
  file.len -= batch.len;
  check_refused(&again, &files, &ids);
  replica_clear(&r);
  replica_clear(&again);
  text_free(&file);
  text_free(&state);
  text_free(&ids);
  text_free(&batch);
}

int main(void)
{
  check_changes();
  check_changes_of_file();
  check_state();
  return check_done();
}
