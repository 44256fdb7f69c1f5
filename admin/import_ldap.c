#include "admin/import_ldap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/buffer.h>

#include "admin/import.h"
#include "admin/ldaptable.h"
#include "lib/die.h"
#include "lib/file.h"

#define PROFILE "imported"

bool import_ldap_prints;

/* What is written: a folder, a name in it, and the bytes. */
struct made {
  const char *folder, *name;
  text bytes;
  mode_t mode;
};
struct import_ldap {
  struct ldaptable *tables;
  size_t count;
  struct ldaptable_result result;
  struct made made[16]; /* as many as make_files knows */
  size_t made_count;
};

static void say(const char *one, const char *two, const char *three)
{
  if (buffer_puts(buffer_1, one) == -1 || buffer_puts(buffer_1, two) == -1 || buffer_puts(buffer_1, three) == -1 || !buffer_flush(buffer_1))
    die_unable("write to fd 1");
}

/* "ROLE=FILE", or a file whose role is guessed. */
static void read_table(struct ldaptable *t, const char *argument)
{
  size_t length = strcspn(argument, "=");
  enum ldaptable_role role = argument[length] ? ldaptable_role(argument, length) : LDAPTABLE_UNKNOWN;
  const char *path = role ? argument + length + 1 : argument;
  text bytes = TEXT_ZERO, error = TEXT_ZERO;

  *t = (struct ldaptable)LDAPTABLE_ZERO;
  if (!import_read(path, &bytes)) die_unable("read ", path);
  if (!ldaptable_parse(t, path, bytes.s, bytes.len, &error)) die_permanent(path, ": ", error.s);
  t->role = role ? role : ldaptable_guess(t);
  text_wipe(&bytes);
  text_free(&error);
}

static struct made *add_file(struct import_ldap *i, const char *folder, const char *name, mode_t mode)
{
  struct made *m = &i->made[i->made_count++];

  *m = (struct made){ folder, name, TEXT_ZERO, mode };
  return m;
}

static void add_lines(struct import_ldap *i, const char *name)
{
  struct made *m = 0;
  size_t at = 0;

  for (const char *value; (value = record_next(&i->result.control, name, &at));) {
    if (!m) m = add_file(i, "control", name, 0644);
    text_add(&m->bytes, value);
    text_add_char(&m->bytes, '\n');
  }
}

/* ldapserver is the last one: ldap-watch waits for it. */
static void make_files(struct import_ldap *i)
{
  static const char *const names[] = { "ldaptls", "ldaptimeout", "ldapmechanism", "ldaplogin", "ldapbasedn", "groupmax", 0 };

  text_add_text(&add_file(i, "control/profiles", PROFILE, 0644)->bytes, &i->result.profile);
  text_add(&add_file(i, "control", "ldapprofile", 0644)->bytes, PROFILE "\n");
  for (const char *const *name = names; *name; name++) add_lines(i, *name);
  if (i->result.ca.len) {
    struct made *m = add_file(i, "control", "ldapca.pem", 0644);
    if (!import_read(text_string(&i->result.ca), &m->bytes)) {
      ldaptable_note(&i->result, &i->tables[0], "tls_ca_cert_file %s cannot be read: put the authority's certificate into control/ldapca.pem", i->result.ca.s);
      i->made_count--;
    }
  }
  if (i->result.secret.len) {
    struct made *m = add_file(i, "control", "ldappassword", 0400);
    text_add_text(&m->bytes, &i->result.secret);
    text_add_char(&m->bytes, '\n');
  }
  add_lines(i, "ldapserver");
}

static void path_of(const struct made *m, text *path)
{
  text_clear(path);
  text_add_format(path, "%s/%s", m->folder, m->name);
  text_string(path);
}

static void refuse_existing(const struct import_ldap *i)
{
  text path = TEXT_ZERO;

  for (size_t k = 0; k < i->made_count; k++) {
    path_of(&i->made[k], &path);
    if (!access(path.s, F_OK)) die_permanent(path.s, " is there already, and nothing was written: --print shows what would be");
    if (errno != ENOENT) die_unable("look at ", path.s);
  }
  text_free(&path);
}

/* The password is whose state/directory is: ldap-fetch reads it. It is root's alone until then. */
static void give_away(const char *path)
{
  struct stat status;

  if (stat("state/directory", &status) == -1) die_unable("look at state/directory");
  if (!geteuid() && chown(path, status.st_uid, (gid_t)-1) == -1) die_unable("give ", path, " to the owner of state/directory");
}

static void write_files(struct import_ldap *i)
{
  text path = TEXT_ZERO;

  if (mkdir("control/profiles", 0755) == -1 && errno != EEXIST) die_unable("make control/profiles");
  for (size_t k = 0; k < i->made_count; k++) {
    struct made *m = &i->made[k];
    path_of(m, &path);
    if (!file_create(m->folder, m->name, &m->bytes, m->mode)) die_unable("write ", path.s);
    if (m->mode == 0400) give_away(path.s);
    say("wrote ", path.s, "\n");
  }
  text_free(&path);
}

static void print_files(const struct import_ldap *i)
{
  text path = TEXT_ZERO;

  for (size_t k = 0; k < i->made_count; k++) {
    text bytes = i->made[k].bytes;
    path_of(&i->made[k], &path);
    say("== ", path.s, "\n");
    say(i->made[k].mode == 0400 ? "(the password)\n" : text_string(&bytes), "", "");
  }
  text_free(&path);
}

static void wipe(struct import_ldap *i)
{
  for (size_t k = 0; k < i->count; k++) ldaptable_free(&i->tables[k]);
  free(i->tables);
  for (size_t k = 0; k < i->made_count; k++) text_wipe(&i->made[k].bytes);
  ldaptable_result_free(&i->result);
}

void import_ldap_run(const char *const *arguments, bool is_json)
{
  struct import_ldap i = { .result = LDAPTABLE_RESULT_ZERO };
  text error = TEXT_ZERO;

  (void)is_json;
  while (arguments[i.count]) i.count++;
  if (!(i.tables = calloc(i.count, sizeof *i.tables))) die_nomem();
  for (size_t k = 0; k < i.count; k++) read_table(&i.tables[k], arguments[k]);
  if (!ldaptable_convert(i.tables, i.count, &i.result, &error)) die_permanent(error.s);
  make_files(&i);
  if (import_ldap_prints)
    print_files(&i);
  else {
    refuse_existing(&i);
    write_files(&i);
  }
  const text *notes = &i.result.notes;
  for (size_t at = 0; at < notes->len; at += strlen(notes->s + at) + 1) say("to do by hand: ", notes->s + at, "\n");
  if (!import_ldap_prints) say("now: mailadm add domain for each domain that is not there yet, and ldapsync --dry-run\n", "", "");
  bool is_whole = !notes->len;
  wipe(&i);
  if (!is_whole) strerr_dief(END_NO, "not all of it could be carried over: see what is to do by hand");
}
