#include "send/sts_https.h"

#include <string.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/https.h"
#include "send/addresses.h"

#define FETCH_ERROR "sts-policy-fetch-error"
#define PKIX_ERROR "sts-webpki-invalid"
#define POLICY_ERROR "sts-policy-invalid"

enum { SECONDS = 60, SECONDS_MAX = 100, DNS_SECONDS = 20, ADDRESSES_MAX = 10, HEADER_BYTES = 65536 };

struct transfer {
  CURL *curl;
  struct curl_slist *addresses; /* as CURLOPT_RESOLVE wants them */
  text url, authorities, body;
  size_t header_bytes;
  bool is_too_long;
  char error[CURL_ERROR_SIZE];
};

void send_sts_fetch_free(struct sts_fetch *f)
{
  send_sts_policy_free(&f->policy);
  text_free(&f->reason);
  text_free(&f->host);
}

static void fail(struct sts_fetch *f, const char *failure, const char *reason)
{
  f->result = STS_FETCH_FAILED;
  f->failure = failure;
  text_copy(&f->reason, reason);
}

static void block(struct sts_fetch *f, const char *reason, const char *more)
{
  f->result = STS_FETCH_BLOCKED;
  text_copy(&f->reason, reason);
  text_add(&f->reason, more);
}

/* The policy host's addresses, of both families: libcurl tries them in a race. The names are asked for here, as everywhere in
   postroom: libcurl would do it in a thread, which a session may not start. */
static bool find_addresses(struct transfer *t, struct sts_fetch *f, const char *domain)
{
  text name = TEXT_ZERO, all = TEXT_ZERO;
  struct addresses a;

  text_add_format(&name, "mta-sts.%s", domain);
  text_add_format(&all, "%s:443:", text_string(&name));
  send_addresses_find(&a, name.s, true, ADDRESSES_ANY, DNS_SECONDS);
  send_addresses_sort(&a, ADDRESSES_ANY, ADDRESSES_MAX);
  for (unsigned int i = 0; i < a.count; i++)
    text_add_format(&all, strchr(a.all[i], ':') ? "%s[%s]" : "%s%s", i ? "," : "", a.all[i]);
  if (a.count) {
    t->addresses = curl_slist_append(0, text_string(&all));
    if (!t->addresses) die_nomem();
  } else {
    fail(f, FETCH_ERROR, name.s);
    text_add(&f->reason, a.is_unknown ? ": no answer from DNS" : " has no address");
  }
  text_free(&name);
  text_free(&all);
  return a.count;
}

/* More than a policy may have is not read: the transfer ends there. */
static size_t take_body(char *bytes, size_t size, size_t count, void *data)
{
  struct transfer *t = data;

  (void)size; /* 1 */
  t->is_too_long = t->body.len + count > STS_POLICY_BYTES;
  if (t->is_too_long) return 0;
  text_add_bytes(&t->body, bytes, count);
  return count;
}

static size_t take_header(char *bytes, size_t size, size_t count, void *data)
{
  struct transfer *t = data;

  (void)bytes, (void)size;
  t->header_bytes += count;
  t->is_too_long = t->header_bytes > HEADER_BYTES;
  return t->is_too_long ? 0 : count;
}

static bool set_options(struct transfer *t, long seconds)
{
  struct https h = { .url = text_string(&t->url), .addresses = t->addresses, .seconds = seconds, .connect_seconds = seconds / 2 + 1,
                     .take_body = take_body, .take_header = take_header, .data = t, .error = t->error };

  return https_set(t->curl, &h) && curl_easy_setopt(t->curl, CURLOPT_CERTINFO, 1L) == CURLE_OK;
}

/* The name must be in a subjectAltName (RFC 8461 3.3). Where there is one with a DNS name, libcurl has looked for the host's name in it;
   where there is none, it has taken the common name. */
static bool has_alternative_name(CURL *curl)
{
  static const char field[] = "X509v3 Subject Alternative Name:";
  struct curl_certinfo *chain = 0;

  if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain || !chain->num_of_certs) return false;
  for (const struct curl_slist *line = chain->certinfo[0]; line; line = line->next)
    if (!strncmp(line->data, field, sizeof field - 1) && strstr(line->data, "DNS:")) return true;
  return false;
}

/* Parameters do not count (3.2). */
static bool is_plain_text(const char *type)
{
  static const char plain[] = "text/plain";

  return type && bytes_are_nocase(type, plain, strnlen(type, sizeof plain - 1)) && strlen(type) >= sizeof plain - 1 &&
         (!type[sizeof plain - 1] || strchr("; \t", type[sizeof plain - 1]));
}

static void say_code(struct sts_fetch *f, long code)
{
  fail(f, FETCH_ERROR, "");
  text_add_format(&f->reason, "the answer is %ld%s", code, code >= 300 && code < 400 ? ", which leads elsewhere: that is not followed" : "");
}

static void judge_answer(struct transfer *t, struct sts_fetch *f)
{
  const char *type = 0, *error = "";
  long code = 0;

  curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
  curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
  if (!has_alternative_name(t->curl))
    fail(f, PKIX_ERROR, "the certificate has no subjectAltName with a DNS name");
  else if (code != 200)
    say_code(f, code);
  else if (!is_plain_text(type)) {
    fail(f, FETCH_ERROR, "the Content-Type is not text/plain but ");
    text_add(&f->reason, type ? type : "missing");
  } else if (!send_sts_policy_parse(&f->policy, t->body.s, t->body.len, &error)) {
    fail(f, POLICY_ERROR, "no policy: ");
    text_add(&f->reason, error);
  } else
    f->result = STS_FETCH_DONE;
}

static void judge(struct transfer *t, struct sts_fetch *f, CURLcode code)
{
  const char *why = *t->error ? t->error : curl_easy_strerror(code), *host = 0;

  if (curl_easy_getinfo(t->curl, CURLINFO_PRIMARY_IP, &host) == CURLE_OK && host) text_copy(&f->host, host);
  if (code == CURLE_OK)
    judge_answer(t, f);
  else if (t->is_too_long)
    fail(f, FETCH_ERROR, "the answer is longer than 64 KiB");
  else if (code == CURLE_PEER_FAILED_VERIFICATION)
    fail(f, PKIX_ERROR, why);
  else if (code == CURLE_SSL_CACERT_BADFILE || code == CURLE_OUT_OF_MEMORY)
    block(f, why, "");
  else
    fail(f, FETCH_ERROR, why);
}

static void get(struct transfer *t, struct sts_fetch *f, const char *domain)
{
  text_add_format(&t->url, "https://mta-sts.%s/.well-known/mta-sts.txt", domain);
  t->curl = curl_easy_init();
  if (!t->curl || !set_options(t, (long)conf_number("ststimeout", SECONDS, SECONDS_MAX)))
    block(f, "libcurl cannot be started", "");
  else if (!https_set_authorities(t->curl, "stscafile", &t->authorities))
    block(f, "the authorities cannot be read: ", text_string(&t->authorities));
  else
    judge(t, f, curl_easy_perform(t->curl));
  curl_easy_cleanup(t->curl);
}

/* It may hold what a stranger's host, or its certificate, says. */
static void make_plain(text *reason)
{
  for (size_t i = 0; i < reason->len; i++)
    if (!ascii_is_printable(reason->s[i])) reason->s[i] = '?';
}

void send_sts_https_fetch(struct sts_fetch *f, const char *domain)
{
  struct transfer t = { .url = TEXT_ZERO, .authorities = TEXT_ZERO, .body = TEXT_ZERO };

  if (find_addresses(&t, f, domain)) get(&t, f, domain);
  make_plain(&f->reason);
  text_string(&f->reason);
  text_string(&f->host);
  curl_slist_free_all(t.addresses);
  text_free(&t.url);
  text_free(&t.authorities);
  text_free(&t.body);
}
