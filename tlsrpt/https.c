#include "tlsrpt/https.h"

#include <string.h>

#include "lib/die.h"
#include "lib/dns.h"
#include "lib/https.h"
#include "tlsrpt/public.h"
#include "tlsrpt/record.h"

enum { SECONDS = 60, CONNECT_SECONDS = 20, DNS_MS = 20000, ADDRESSES_MAX = 8, ANSWER_BYTES = 65536 };

struct transfer {
  CURL *curl;
  struct curl_slist *addresses, *fields;
  const char *uri;
  const text *body;
  size_t answer_bytes;
  char error[CURL_ERROR_SIZE];
};

static unsigned int add_addresses(const struct dns_question *q, const struct cidrs *also, text *all, unsigned int count)
{
  for (unsigned int i = 0; q->result == DNS_FOUND && i < q->list.count && count < ADDRESSES_MAX; i++) {
    const char *address = q->list.records[i].address;
    struct ip ip;
    if (!ip_parse(&ip, address) || !(tlsrpt_is_public(&ip) || cidrs_have(also, &ip))) continue;
    text_add_format(all, strchr(address, ':') ? "%s[%s]" : "%s%s", count ? "," : "", address);
    count++;
  }
  return count;
}

/* The names are asked for here: libcurl would do it in a thread, which a session may not start. */
static bool find_addresses(struct transfer *t, const struct cidrs *also, int asker, text *said)
{
  static struct dns_question questions[2];
  text host = TEXT_ZERO, all = TEXT_ZERO;
  unsigned int port, count = 0;

  if (!tlsrpt_uri_parse(t->uri, strlen(t->uri), &host, &port) || host.len >= sizeof questions[0].name) {
    text_copy(said, "this is no https URI");
    return false;
  }
  for (int i = 0; i < 2; i++) {
    questions[i] = (struct dns_question){ .kind = i ? DNS_A : DNS_AAAA };
    memcpy(questions[i].name, host.s, host.len);
  }
  text_add_format(&all, "%s:%u:", host.s, port);
  if (dns_ask(questions, 2, dns_now_ms() + DNS_MS, asker))
    for (int i = 0; i < 2; i++) count = add_addresses(&questions[i], also, &all, count);
  bool is_unknown = questions[0].result == DNS_LATER || questions[1].result == DNS_LATER;
  if (count && !(t->addresses = curl_slist_append(0, text_string(&all)))) die_nomem();
  if (!count) text_copy(said, is_unknown ? "no answer from DNS about the host's addresses" : "the host has no address that reports may go to");
  text_free(&host);
  text_free(&all);
  return count;
}

/* What it says is not wanted; a host that says much is left. */
static size_t take_answer(char *bytes, size_t size, size_t count, void *data)
{
  struct transfer *t = data;

  (void)bytes, (void)size; /* size: 1 */
  t->answer_bytes += count;
  return t->answer_bytes > ANSWER_BYTES ? 0 : count;
}

#define SET(option, value) (good = curl_easy_setopt(t->curl, option, value) == CURLE_OK && good)

static bool set_body(struct transfer *t)
{
  bool good = true;

  t->fields = curl_slist_append(0, "Content-Type: application/tlsrpt+gzip");
  if (t->fields && !curl_slist_append(t->fields, "Expect:")) die_nomem();
  SET(CURLOPT_HTTPHEADER, t->fields);
  SET(CURLOPT_POST, 1L);
  SET(CURLOPT_POSTFIELDS, t->body->s);
  SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body->len);
  return good && t->fields;
}

static bool set_options(struct transfer *t, bool verifies)
{
  struct https h = { .url = t->uri, .addresses = t->addresses, .seconds = SECONDS, .connect_seconds = CONNECT_SECONDS, .take_body = take_answer,
                     .take_header = take_answer, .data = t, .error = t->error };
  text authorities = TEXT_ZERO;
  bool good = https_set(t->curl, &h);

  if (verifies)
    https_set_authorities(t->curl, "tlscafile", &authorities); /* without them nobody is verified: it is brought all the same */
  else {
    SET(CURLOPT_SSL_VERIFYPEER, 0L);
    SET(CURLOPT_SSL_VERIFYHOST, 0L);
  }
  text_free(&authorities);
  return good && set_body(t);
}

static CURLcode perform(struct transfer *t, bool verifies)
{
  CURLcode code = CURLE_FAILED_INIT;

  t->answer_bytes = 0;
  t->curl = curl_easy_init();
  if (t->curl && set_options(t, verifies)) code = curl_easy_perform(t->curl);
  return code;
}

static void finish(struct transfer *t)
{
  curl_easy_cleanup(t->curl);
  curl_slist_free_all(t->fields);
  t->curl = 0;
  t->fields = 0;
}

/* A report is brought in spite of a certificate that is not right (RFC 8460 3): it may be about that. */
bool tlsrpt_https_post(const char *uri, const text *gzip, const struct cidrs *also, int asker, text *said)
{
  struct transfer t = { .uri = uri, .body = gzip };
  const char *unverified = "";
  long answer = 0;

  if (!find_addresses(&t, also, asker, said)) return false;
  CURLcode code = perform(&t, true);
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    finish(&t);
    unverified = ", over TLS that could not be verified";
    code = perform(&t, false);
  }
  if (t.curl) curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &answer);
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && answer >= 200))
    text_add_format(said, "the answer is %ld%s", answer, unverified);
  else
    text_add(said, *t.error ? t.error : curl_easy_strerror(code));
  finish(&t);
  curl_slist_free_all(t.addresses);
  return answer >= 200 && answer < 300 && (code == CURLE_OK || code == CURLE_WRITE_ERROR);
}
