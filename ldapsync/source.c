#include "ldapsync/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <skalibs/djbunix.h>

#include "ldapsync/range.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/hex.h"
#include "lib/scheme.h"

#define CLIENT "control/ldapclient.pem"

enum { PAGE_ENTRIES = 500 };

static const char *const reads[] = { "control", "profiles", 0 };
static const char *const writes[] = { SOURCE_FOLDER, "state/metrics/mail-ldap", 0 };
const struct sandbox source_sandbox = { .reads = reads, .writes = writes, .may_connect = true };

/* An entry on its way to LDIF. */
struct addition {
  const struct source *source;
  LDAP *ld;
  text *ldif, *key;
};

static void check_mode(const char *path)
{
  struct stat status;

  if (stat(path, &status) == -1) die_unable("look at ", path);
  if (status.st_mode & 077) die_permanent(path, " can be read by others: give it to mail-ldap, mode 0400");
}

static void read_password(text *password)
{
  check_mode("control/ldappassword");
  if (!openslurpclose(password, "control/ldappassword")) die_unable("read control/ldappassword");
  const char *newline = password->len ? memchr(password->s, '\n', password->len) : 0;
  if (newline) password->len = (size_t)(newline - password->s);
  if (!password->len || memchr(password->s, 0, password->len))
    die_permanent("control/ldappassword: its first line is the password, and it is empty or has a NUL byte");
  text_string(password);
}

static void list_wanted(struct source *s)
{
  size_t count = 0;

  profile_attributes(&s->profile, &s->attributes);
  for (size_t at = 0; at < s->attributes.len; at++) count += !s->attributes.s[at];
  s->wanted = calloc(count + 1, sizeof *s->wanted);
  if (!s->wanted) die_nomem();
  count = 0;
  for (size_t at = 0; at < s->attributes.len; at += strlen(s->attributes.s + at) + 1)
    s->wanted[count++] = s->attributes.s + at;
}

/* How it logs in: control/ldapmechanism. */
static void read_login(struct source *s)
{
  text mechanism = TEXT_ZERO;

  conf_value("ldapmechanism", &mechanism, "simple");
  s->is_external = text_is(&mechanism, "external");
  if (!s->is_external && !text_is(&mechanism, "simple")) die_permanent("control/ldapmechanism is simple or external, not ", mechanism.s);
  bool has_login = conf_value("ldaplogin", &s->login, "");
  if (s->is_external && has_login)
    die_permanent("control/ldaplogin is for control/ldapmechanism simple: with external the server knows the name from the connection");
  if (has_login) read_password(&s->password);
  text_string(&s->password);
  if (!s->is_external || access(CLIENT, F_OK) == -1) return;
  check_mode(CLIENT);
  s->server.client = CLIENT;
}

void source_read(struct source *s)
{
  ldapserver_read(&s->server);
  profile_open_directory(&s->profile);
  list_wanted(s);
  if (!conf_value("ldapbasedn", &s->base, ""))
    die_permanent("control/ldapbasedn is missing: below which DN are the people?");
  read_login(s);
}

/* A password in the clear, or one of a scheme that only the server knows, stays with the server (T18). */
static bool may_keep(const struct source *s, const char *name, const struct berval *value)
{
  text stored = TEXT_ZERO;
  const char *hash;

  if (!profile_has(&s->profile, "password", name)) return true;
  text_add_bytes(&stored, value->bv_val, value->bv_len);
  bool is_known = scheme_parse(text_string(&stored), &hash) != SCHEME_UNKNOWN;
  text_wipe(&stored);
  return is_known;
}

/* The values that stand under a description, under the attribute's name. How many there are. */
static size_t add_values(const struct addition *a, LDAPMessage *entry, const char *description, const char *name)
{
  struct berval **values = ldap_get_values_len(a->ld, entry, description);
  size_t count = 0;

  for (; values && values[count]; count++) {
    const struct berval *value = values[count];
    if (!may_keep(a->source, name, value)) continue;
    ldif_add(a->ldif, name, value->bv_val, value->bv_len);
    if (profile_has(&a->source->profile, "key", name)) hex_add(a->key, value->bv_val, value->bv_len); /* it may be binary */
  }
  ldap_value_free_len(values);
  return count;
}

_Noreturn void source_fail(LDAP *ld, int code, const char *what)
{
  text error = TEXT_ZERO;

  ldapserver_explain(ld, code, &error);
  die_temporary(what, ": ", error.s, "; nothing is changed");
}

/* The descriptions of attributes that are given in pieces, each ended by a NUL. */
static void list_pieces(LDAP *ld, LDAPMessage *entry, text *pieces)
{
  BerElement *place = 0;
  struct range r;

  text_clear(pieces);
  for (char *description = ldap_first_attribute(ld, entry, &place); description; description = ldap_next_attribute(ld, entry, place)) {
    if (range_parse(description, &r)) text_add_bytes(pieces, description, strlen(description) + 1);
    ldap_memfree(description);
  }
  ber_free(place, 0);
}

/* The piece of an attribute that begins at this value; what stands in its description, 0: there is none. */
static const char *find_piece(const text *pieces, const char *name, uint64_t first, struct range *r)
{
  for (size_t at = 0; at < pieces->len; at += strlen(pieces->s + at) + 1)
    if (range_parse(pieces->s + at, r) && r->first == first && r->name_length == strlen(name) && bytes_are_nocase(pieces->s + at, name, r->name_length))
      return pieces->s + at;
  return 0;
}

static LDAPMessage *ask_piece(LDAP *ld, const char *dn, const char *name, uint64_t first)
{
  text wanted = TEXT_ZERO;
  LDAPMessage *result = 0;

  text_add_format(&wanted, "%s;range=%" PRIu64 "-*", name, first);
  int code = ldap_search_ext_s(ld, dn, LDAP_SCOPE_BASE, "(objectClass=*)", (char *[]){ (char *)text_string(&wanted), 0 }, 0, 0, 0, 0, LDAP_NO_LIMIT, &result);
  if (code != LDAP_SUCCESS) source_fail(ld, code, "ask for the rest of a long attribute");
  text_free(&wanted);
  return result;
}

_Noreturn static void stopped(const char *name, const char *dn)
{
  die_temporary("the server stopped in the middle of ", name, " of ", dn, "; nothing is changed");
}

/* From the first piece, which the entry has, to the last, each asked for by itself. All of it, or nothing is changed. */
static void add_pieces(const struct addition *a, LDAPMessage *entry, const char *dn, const char *name, text *pieces)
{
  LDAPMessage *result = 0;
  struct range r;
  size_t count = 0;

  const char *piece = find_piece(pieces, name, 0, &r);
  for (uint64_t next = 0;; piece = find_piece(pieces, name, next, &r)) {
    if (piece) count += add_values(a, entry, piece, name);
    if (!piece || (!r.is_end && count != r.last + 1) || count > LDIF_VALUES_MAX) stopped(name, dn);
    ldap_msgfree(result);
    if (r.is_end) return;
    next = r.last + 1;
    result = ask_piece(a->ld, dn, name, next);
    entry = ldap_first_entry(a->ld, result);
    text_clear(pieces);
    if (entry) list_pieces(a->ld, entry, pieces);
  }
}

static bool has_piece(const text *pieces, const char *name)
{
  struct range r;

  for (size_t at = 0; at < pieces->len; at += strlen(pieces->s + at) + 1)
    if (range_parse(pieces->s + at, &r) && r.name_length == strlen(name) && bytes_are_nocase(pieces->s + at, name, r.name_length)) return true;
  return false;
}

/* Certificates may have that option, asked for or not (RFC 4523 2.1). */
static void add_binary(const struct addition *a, LDAPMessage *entry, const char *name)
{
  text description = TEXT_ZERO;

  text_add_format(&description, "%s;binary", name);
  add_values(a, entry, text_string(&description), name);
  text_free(&description);
}

static void add_attributes(const struct addition *a, LDAPMessage *entry, const char *dn)
{
  text pieces = TEXT_ZERO, rest = TEXT_ZERO;

  list_pieces(a->ld, entry, &pieces);
  for (const char **name = a->source->wanted; *name; name++) {
    add_values(a, entry, *name, *name);
    if (profile_has(&a->source->profile, "certificate", *name)) add_binary(a, entry, *name);
    if (!has_piece(&pieces, *name)) continue;
    text_copy_bytes(&rest, pieces.s, pieces.len);
    add_pieces(a, entry, dn, *name, &rest);
  }
  text_free(&pieces);
  text_free(&rest);
}

bool source_entry(const struct source *s, LDAP *ld, LDAPMessage *entry, text *ldif, text *key)
{
  struct addition a = { .source = s, .ld = ld, .ldif = ldif, .key = key };
  char *dn = ldap_get_dn(ld, entry);

  if (!dn) return false;
  ldif_add(ldif, "dn", dn, strlen(dn));
  add_attributes(&a, entry, dn);
  text_add_char(ldif, '\n');
  text_add(key, dn); /* those without a key have an order too */
  ldap_memfree(dn);
  return true;
}

/* What the end of a page says: the cookie of the next one, empty behind the last. */
static void take_cookie(LDAP *ld, LDAPMessage *result, struct berval *cookie)
{
  LDAPControl **got = 0;
  ber_int_t total = 0;
  int said = LDAP_SUCCESS, code = ldap_parse_result(ld, result, &said, 0, 0, 0, &got, 0);

  if (code != LDAP_SUCCESS || said != LDAP_SUCCESS) source_fail(ld, code != LDAP_SUCCESS ? code : said, "search");
  ber_memfree(cookie->bv_val);
  *cookie = (struct berval){ 0, 0 };
  LDAPControl *answer = ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, got, 0);
  if (answer && (code = ldap_parse_pageresponse_control(ld, answer, &total, cookie)) != LDAP_SUCCESS) source_fail(ld, code, "read a page");
  ldap_controls_free(got);
}

int source_page_ask(LDAP *ld, const struct source_search *s, struct berval *cookie)
{
  LDAPControl *page = 0;
  int message, code = ldap_create_page_control(ld, PAGE_ENTRIES, cookie, 1, &page);

  if (code != LDAP_SUCCESS) source_fail(ld, code, "make a request");
  LDAPControl *sent[] = { page, s->control, 0 };
  code = ldap_search_ext(ld, s->base, LDAP_SCOPE_SUBTREE, s->filter, (char **)s->attributes, 0, sent, 0, 0, LDAP_NO_LIMIT, &message);
  ldap_control_free(page);
  if (code != LDAP_SUCCESS) source_fail(ld, code, "search");
  return message;
}

bool source_page_wait(LDAP *ld, int message, struct timeval *timeout, LDAPMessage **result)
{
  int kind = ldap_result(ld, message, LDAP_MSG_ALL, timeout, result), code = LDAP_OTHER;

  if (kind != -1) return kind;
  ldap_get_option(ld, LDAP_OPT_RESULT_CODE, &code);
  source_fail(ld, code, "search");
}

bool source_page_end(LDAP *ld, LDAPMessage *result, struct berval *cookie)
{
  take_cookie(ld, result, cookie);
  return cookie->bv_len != 0;
}

bool source_page(LDAP *ld, const struct source_search *s, struct berval *cookie, LDAPMessage **result)
{
  int message = source_page_ask(ld, s, cookie);

  if (!source_page_wait(ld, message, 0, result)) source_fail(ld, LDAP_TIMEOUT, "search");
  return source_page_end(ld, *result, cookie);
}

static bool is_out_of_reach(int code)
{
  return code == LDAP_SERVER_DOWN || code == LDAP_CONNECT_ERROR || code == LDAP_TIMEOUT || code == LDAP_UNAVAILABLE ||
         code == LDAP_BUSY;
}

static int log_in(const struct source *s, LDAP *ld)
{
  return s->is_external ? ldapserver_bind_external(ld) : ldapserver_bind(ld, s->login.s, s->password.s);
}

/* A server that is gone without a word is noticed: TCP asks after 30 s of silence, three times. An LDAPI socket has no such options, and needs none. */
static void keep_alive(LDAP *ld)
{
  static const struct { int level, option, value; } options[] = {
    { SOL_SOCKET, SO_KEEPALIVE, 1 }, { IPPROTO_TCP, TCP_KEEPIDLE, 30 },
    { IPPROTO_TCP, TCP_KEEPINTVL, 10 }, { IPPROTO_TCP, TCP_KEEPCNT, 3 }
  };
  int fd = -1;

  if (ldap_get_option(ld, LDAP_OPT_DESC, &fd) != LDAP_OPT_SUCCESS) return;
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (setsockopt(fd, options[i].level, options[i].option, &options[i].value, sizeof options[i].value) == -1) return;
}

/* A connection that has logged in; 0 with the code, and why. */
static LDAP *connect_to(const struct source *s, const char *uri, int *code, text *error)
{
  LDAP *ld = ldapserver_open(&s->server, uri, error);

  *code = ld ? log_in(s, ld) : LDAP_SERVER_DOWN;
  if (*code == LDAP_SUCCESS) {
    keep_alive(ld);
    return ld;
  }
  if (!ld) return 0;
  text_copy(error, uri);
  text_add(error, ": ");
  ldapserver_explain(ld, *code, error);
  ldap_unbind_ext_s(ld, 0, 0);
  return 0;
}

LDAP *source_connect(const struct source *s, const char **uri)
{
  text error = TEXT_ZERO, all = TEXT_ZERO;
  int code;

  for (size_t at = 0; at < s->server.uris.len; at += strlen(*uri) + 1) {
    *uri = s->server.uris.s + at;
    LDAP *ld = connect_to(s, *uri, &code, &error);
    if (ld) return ld;
    if (!is_out_of_reach(code)) die_temporary(text_string(&error), "; nothing is changed");
    if (all.len) text_add(&all, "; ");
    text_add_text(&all, &error);
  }
  die_temporary("no directory server can be reached: ", text_string(&all), "; nothing is changed");
}

LDAP *source_connect_again(struct source *s, const char *uri)
{
  text error = TEXT_ZERO;
  int code;

  if (s->login.len && !s->is_external) read_password(&s->password);
  text_string(&s->password);
  LDAP *ld = connect_to(s, uri, &code, &error);
  text_wipe(&s->password);
  text_free(&error);
  return ld;
}

int source_lock(void)
{
  int fd = open(SOURCE_FOLDER "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

  if (fd == -1) die_unable("open " SOURCE_FOLDER "/lock");
  while (flock(fd, LOCK_EX) == -1)
    if (errno != EINTR) die_unable("lock " SOURCE_FOLDER "/lock");
  return fd;
}
