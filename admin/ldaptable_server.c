#include <string.h>

#include "admin/ldaptable.h"

static bool is_yes(const struct ldaptable *t, const char *parameter) { return !strcmp(ldaptable_get(t, parameter), "yes"); }

/* The next of several, between white space and commas. */
static bool next_word(const char **at, text *word)
{
  while (**at && strchr(" \t,", **at)) ++*at;
  size_t length = strcspn(*at, " \t,");
  text_copy_bytes(word, *at, length);
  *at += length;
  text_string(word);
  return length != 0;
}

static bool is_local(const char *host)
{
  return !strncmp(host, "127.", 4) || !strncmp(host, "localhost", 9) || !strncmp(host, "[::1]", 5) || !strncmp(host, "ldapi:", 6) ||
         !strncmp(host, "ldap://127.", 11) || !strncmp(host, "ldap://localhost", 16) || !strncmp(host, "ldap://[::1]", 12);
}

static void add_hosts(const struct ldaptable *t, struct ldaptable_result *r, bool *are_local, bool *is_ldaps)
{
  const char *at = ldaptable_get(t, "server-host"), *port = ldaptable_get(t, "server-port");
  text word = TEXT_ZERO;

  if (!*at) at = "localhost"; /* Postfix's default */
  *are_local = true;
  while (next_word(&at, &word)) {
    *are_local = *are_local && is_local(word.s);
    *is_ldaps = *is_ldaps || !strncmp(word.s, "ldaps:", 6);
    if (*port && !strchr(word.s, ':')) text_add_format(&word, ":%s", port);
    record_add(&r->control, "ldapserver", text_string(&word));
  }
  text_free(&word);
}

static void add_tls(const struct ldaptable *t, struct ldaptable_result *r, bool are_local, bool is_ldaps)
{
  const char *require = ldaptable_get(t, "tls-require-cert"), *ca = ldaptable_get(t, "tls-ca-cert-file");

  if (is_ldaps)
    record_add(&r->control, "ldaptls", "ldaps");
  else if (is_yes(t, "start-tls"))
    record_add(&r->control, "ldaptls", "starttls");
  else if (are_local)
    record_add(&r->control, "ldaptls", "off");
  else {
    record_add(&r->control, "ldaptls", "starttls");
    ldaptable_note(r, t, "it sent the password in the clear (start_tls is not yes): control/ldaptls is starttls now. If the server cannot, and the way to it is safe, write off");
  }
  if (*ca) text_add(&r->ca, ca);
  if (*ldaptable_get(t, "tls-ca-cert-dir")) ldaptable_note(r, t, "tls_ca_cert_dir: put the one certificate that counts into control/ldapca.pem");
  if (!strcmp(require, "no") || (!*require && is_yes(t, "start-tls")))
    ldaptable_note(r, t, "the server's certificate was not checked (tls_require_cert); here it always is: its name must be that of server_host");
  if (*ldaptable_get(t, "tls-cert") || *ldaptable_get(t, "tls-key"))
    ldaptable_note(r, t, "tls_cert, tls_key: put both files into control/ldapclient.pem, owned by mail-ldap, mode 0400");
}

static void add_login(const struct ldaptable *t, struct ldaptable_result *r)
{
  const char *bind = ldaptable_get(t, "bind"), *mechanisms = ldaptable_get(t, "sasl-mechs");
  bool is_sasl = !strcmp(bind, "sasl");

  if (!strcmp(bind, "no") || !strcmp(bind, "none")) return;
  if (is_sasl && string_is_nocase(mechanisms, "EXTERNAL"))
    record_add(&r->control, "ldapmechanism", "external");
  else if (is_sasl)
    ldaptable_note(r, t, "bind = sasl with %s: simple and EXTERNAL are what is spoken here; write control/ldaplogin and control/ldappassword", *mechanisms ? mechanisms : "any mechanism");
  else if (*ldaptable_get(t, "bind-dn")) {
    record_add(&r->control, "ldaplogin", ldaptable_get(t, "bind-dn"));
    text_add(&r->secret, ldaptable_get(t, "bind-pw"));
    if (!r->secret.len) ldaptable_note(r, t, "bind_pw is empty: nobody binds with an empty password here. Write it to control/ldappassword");
  }
}

/* A base with %d in it was another one for each domain; what stands behind that is above all of them. */
static const char *base_of(const struct ldaptable *t)
{
  const char *base = ldaptable_get(t, "search-base"), *percent = strrchr(base, '%'), *comma = percent ? strchr(percent, ',') : 0;

  return !percent ? base : comma ? comma + 1 : "";
}

/* How much of the end of both is the same, from a comma on. */
static size_t common_end(const char *one, size_t length, const char *other)
{
  size_t other_length = strlen(other), same = 0, best = 0;

  while (same < length && same < other_length && ascii_lower(one[length - same - 1]) == ascii_lower(other[other_length - same - 1])) {
    same++;
    bool ends_one = same == length || one[length - same - 1] == ',', ends_other = same == other_length || other[other_length - same - 1] == ',';
    if (ends_one && ends_other) best = same;
  }
  return best;
}

/* What is above all of their bases. */
static void add_base(const struct ldaptable *all, size_t count, struct ldaptable_result *r)
{
  const char *first = base_of(&all[0]);
  size_t length = strlen(first), same = length;

  for (size_t i = 1; i < count; i++) same = common_end(first + length - same, same, base_of(&all[i]));
  for (size_t i = 0; i < count; i++) {
    const char *scope = ldaptable_get(&all[i], "scope");
    if (!same || strcmp(ldaptable_get(&all[i], "search-base"), first + length - same))
      ldaptable_note(r, &all[i], "search_base is %s: all below %s is read; the filter alone says who counts", ldaptable_get(&all[i], "search-base"), same ? first + length - same : "(nothing: write control/ldapbasedn)");
    if (*scope && strcmp(scope, "sub")) ldaptable_note(r, &all[i], "scope = %s: all that is below the base is read", scope);
  }
  if (same) record_add(&r->control, "ldapbasedn", first + length - same);
}

/* What is asked or promised of the connection, and is otherwise here. */
static void note_rest(const struct ldaptable *t, struct ldaptable_result *r)
{
  const char *version = ldaptable_get(t, "version"), *dereference = ldaptable_get(t, "dereference");

  if (*version && strcmp(version, "3")) ldaptable_note(r, t, "version = %s: LDAP version 3 is spoken here", version);
  if (*dereference && strcmp(dereference, "0")) ldaptable_note(r, t, "dereference = %s: aliases of LDAP are not followed here; name the entry itself, or its own base", dereference);
  if (is_yes(t, "chase-referrals")) ldaptable_note(r, t, "chase_referrals: referrals are passed over here; name each server's own part in a profile of its own");
  if (*ldaptable_get(t, "size-limit") && strcmp(ldaptable_get(t, "size-limit"), "0")) ldaptable_note(r, t, "size_limit: everybody is read, in pages; the login must be allowed to");
}

/* Its hosts as one writes them: ldap://a:389/, a:389 and a are the same. */
static void spell_hosts(const struct ldaptable *t, text *hosts)
{
  struct ldaptable_result r = { .control = TEXT_ZERO };
  bool are_local, is_ldaps = false;
  size_t at = 0;

  add_hosts(t, &r, &are_local, &is_ldaps);
  text_clear(hosts);
  for (const char *host; (host = record_next(&r.control, "ldapserver", &at));) {
    size_t length = strlen(host += strncmp(host, "ldap://", 7) ? 0 : 7);
    if (length && host[length - 1] == '/') length--;
    if (length > 4 && !strstr(host, "://") && !memcmp(host + length - 4, ":389", 4)) length -= 4;
    text_add_bytes(hosts, host, length);
    text_add_char(hosts, ' ');
  }
  text_string(hosts);
  text_free(&r.control);
}

static bool is_connected_alike(const struct ldaptable *a, const struct ldaptable *b)
{
  static const char *const names[] = { "bind-dn", "start-tls", 0 };
  const char *bind = ldaptable_get(a, "bind"), *other = ldaptable_get(b, "bind");
  text hosts = TEXT_ZERO, others = TEXT_ZERO;

  spell_hosts(a, &hosts);
  spell_hosts(b, &others);
  bool alike = !strcmp(hosts.s, others.s) && !strcmp(*bind ? bind : "yes", *other ? other : "yes");
  for (const char *const *name = names; alike && *name; name++) alike = !strcmp(ldaptable_get(a, *name), ldaptable_get(b, *name));
  text_free(&hosts);
  text_free(&others);
  return alike;
}

static void compare(const struct ldaptable *first, const struct ldaptable *t, struct ldaptable_result *r)
{
  if (!is_connected_alike(first, t)) ldaptable_note(r, t, "its server or login is another than that of %s, which counts: one directory is read", first->name);
}

void ldaptable_server(const struct ldaptable *all, size_t count, struct ldaptable_result *r)
{
  bool are_local = true, is_ldaps = false;
  uint64_t number;

  add_hosts(&all[0], r, &are_local, &is_ldaps);
  add_tls(&all[0], r, are_local, is_ldaps);
  add_login(&all[0], r);
  add_base(all, count, r);
  if (number_scan(ldaptable_get(&all[0], "timeout"), 3600, &number) && number) record_add(&r->control, "ldaptimeout", ldaptable_get(&all[0], "timeout"));
  for (size_t i = 0; i < count; i++) {
    note_rest(&all[i], r);
    if (i) compare(&all[0], &all[i], r);
    if (number_scan(ldaptable_get(&all[i], "expansion-limit"), 100000000, &number) && number && !record_find(&r->control, "groupmax"))
      record_add(&r->control, "groupmax", ldaptable_get(&all[i], "expansion-limit"));
  }
}
