#include "auth/introspect.h"

#include <string.h>

#include <skalibs/djbunix.h>

#include "auth/oauth.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/dns.h"
#include "lib/https.h"

enum { SECONDS = 10, CONNECT_SECONDS = 5, ADDRESSES_MAX = 8, HEADER_BYTES = 65536 };

struct transfer {
  CURL *curl;
  struct curl_slist *addresses, *headers;
  text client, form, authorities;
  text *answer, *error;
  size_t header_bytes;
  char words[CURL_ERROR_SIZE];
};

#define SET(option, value) (good = curl_easy_setopt(t->curl, option, value) == CURLE_OK && good)

static void add_addresses(const char *host, enum dns_kind kind, text *all, unsigned int *count)
{
  static struct dns_list list; /* it is large */
  text hosts = TEXT_ZERO;
  bool found = openslurpclose(&hosts, "/etc/hosts") && dns_hosts_parse(hosts.s, hosts.len, host, kind, &list) == DNS_FOUND;

  text_free(&hosts);
  if (!found && dns_find(host, kind, &list) != DNS_FOUND) return;
  for (unsigned int i = 0; i < list.count && *count < ADDRESSES_MAX; i++, (*count)++)
    text_add_format(all, strchr(list.records[i].address, ':') ? "%s[%s]" : "%s%s", *count ? "," : "", list.records[i].address);
}

/* The names are asked for here: libcurl would do it in a thread, which a session may not start. An address needs no question. */
static bool find_addresses(struct transfer *t, const char *url)
{
  CURLU *parts = curl_url();
  char *host = 0, *port = 0;
  text all = TEXT_ZERO;
  unsigned int count = 0;
  bool is_url = parts && !curl_url_set(parts, CURLUPART_URL, url, 0) && !curl_url_get(parts, CURLUPART_HOST, &host, 0) &&
                !curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
  bool is_name = is_url && dns_name_check(host) && host[strspn(host, "0123456789.")];

  if (is_name) {
    text_add_format(&all, "%s:%s:", host, port);
    add_addresses(host, DNS_AAAA, &all, &count);
    add_addresses(host, DNS_A, &all, &count);
    if (count && !(t->addresses = curl_slist_append(0, text_string(&all)))) die_nomem();
    if (!count) text_add_format(t->error, "%s has no address, or no answer came from DNS", host);
  } else if (!is_url)
    text_add(t->error, "introspect is no URL");
  curl_free(host);
  curl_free(port);
  curl_url_cleanup(parts);
  text_free(&all);
  return is_url && (count || !is_name);
}

/* A word of application/x-www-form-urlencoded. */
static void add_encoded(struct transfer *t, text *to, const char *word)
{
  char *encoded = curl_easy_escape(t->curl, word, 0);

  if (!encoded) die_nomem();
  text_add(to, encoded);
  explicit_bzero(encoded, strlen(encoded));
  curl_free(encoded);
}

/* Its first line is our name there, its second one the secret; both are encoded before they are said (RFC 6749 2.3.1). */
static bool read_client(struct transfer *t)
{
  text lines = TEXT_ZERO;
  bool good = conf_lines("oauthclient", &lines);

  if (good) {
    size_t name = strlen(lines.s) + 1;
    add_encoded(t, &t->client, lines.s);
    text_add_char(&t->client, ':');
    if (name < lines.len) add_encoded(t, &t->client, lines.s + name);
    text_string(&t->client);
  }
  text_wipe(&lines);
  return good;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
  struct transfer *t = data;

  (void)size; /* 1 */
  if (t->answer->len + count > INTROSPECT_BYTES_MAX) return 0;
  text_add_bytes(t->answer, bytes, count);
  return count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *data)
{
  struct transfer *t = data;

  (void)bytes, (void)size;
  t->header_bytes += count;
  return t->header_bytes > HEADER_BYTES ? 0 : count;
}

static void add_header(struct transfer *t, const char *line)
{
  struct curl_slist *more = curl_slist_append(t->headers, line);

  if (!more) die_nomem();
  t->headers = more;
}

static bool set_options(struct transfer *t, const char *url, const char *token)
{
  struct https h = { .url = url, .addresses = t->addresses, .seconds = SECONDS, .connect_seconds = CONNECT_SECONDS, .take_body = take_body,
                     .take_header = take_header, .data = t, .error = t->words };
  bool good = https_set(t->curl, &h);

  add_header(t, "Accept: application/json");
  add_header(t, "Expect:");
  text_add(&t->form, "token_type_hint=access_token&token=");
  add_encoded(t, &t->form, token);
  SET(CURLOPT_HTTPHEADER, t->headers);
  SET(CURLOPT_POST, 1L);
  SET(CURLOPT_POSTFIELDS, t->form.s);
  SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->form.len);
  if (!read_client(t)) return good;
  SET(CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
  SET(CURLOPT_USERPWD, t->client.s);
  return good;
}

static bool ask(struct transfer *t, const char *url, const char *token)
{
  long code = 0;

  if (!set_options(t, url, token)) {
    text_add(t->error, "libcurl does not take the options");
    return false;
  }
  if (!https_set_authorities(t->curl, "oauthcafile", &t->authorities)) {
    text_add_format(t->error, "the authorities cannot be read: %s", t->authorities.s);
    return false;
  }
  CURLcode result = curl_easy_perform(t->curl);
  curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
  if (result != CURLE_OK)
    text_add(t->error, *t->words ? t->words : curl_easy_strerror(result));
  else if (code != 200)
    text_add_format(t->error, "the authorization server answers %ld%s", code, code == 401 ? ": is control/oauthclient right?" : "");
  return result == CURLE_OK && code == 200;
}

bool introspect(const char *url, const char *token, text *answer, text *error)
{
  struct transfer t = { .client = TEXT_ZERO, .form = TEXT_ZERO, .authorities = TEXT_ZERO, .answer = answer, .error = error };
  bool good = false;

  text_clear(answer);
  text_clear(error);
  t.curl = curl_easy_init();
  if (!t.curl)
    text_add(error, "libcurl cannot be started");
  else if (find_addresses(&t, url))
    good = ask(&t, url, token);
  for (size_t i = 0; i < error->len; i++) /* another host may have written it */
    if (!ascii_is_printable(error->s[i])) error->s[i] = '?';
  text_string(error);
  curl_easy_cleanup(t.curl);
  curl_slist_free_all(t.addresses);
  curl_slist_free_all(t.headers);
  text_wipe(&t.client);
  text_wipe(&t.form);
  text_free(&t.authorities);
  return good;
}
