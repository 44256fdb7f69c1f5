/* dkim-sign: signs messages that are sent from here (RFC 6376, RFC 8463). It holds the keys, so that nobody who talks to the
   network does.

   Answers calls; reads control/dkim and dkim/ at each. Runs as mail-sign; writes no file. The body passes through in pieces,
   whatever its size. */

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "filter/dkim_canon.h"
#include "filter/dkim_header.h"
#include "filter/dkim_keys.h"
#include "lib/address.h"
#include "lib/base64.h"
#include "lib/call.h"
#include "lib/conf.h"
#include "lib/die.h"
#include "lib/dkim_list.h"
#include "lib/header.h"
#include "lib/home.h"
#include "lib/log.h"
#include "lib/serve.h"

const char *PROG = "dkim-sign";

enum {
  CONCURRENCY = 200,
  MEMORY_BYTES = 64 << 20,
  REQUEST_SECONDS = 10,
  SESSION_SECONDS = 120,
  HEADER_MAX = (1 << 20) + (64 << 10), /* what smtp-receive takes of a submission, and what it adds */
  PIECE = 64 << 10
};

struct work {
  int fd;
  off_t at;
  EVP_MD_CTX *hash;
  text names, header, body_hash; /* h=; what of the header is hashed; bh= */
};

static ssize_t read_piece(struct work *w, char *bytes, size_t size)
{
  ssize_t length;

  do
    length = pread(w->fd, bytes, size, w->at);
  while (length == -1 && errno == EINTR);
  if (length > 0) w->at += length;
  return length;
}

/* The header, and with it perhaps the begin of the body. */
static const char *read_begin(struct work *w, text *begin, size_t *header)
{
  ssize_t length;

  do {
    text_ready(begin, PIECE);
    length = read_piece(w, begin->s + begin->len, PIECE);
    if (length > 0) begin->len += (size_t)length;
    *header = header_length(begin->s, begin->len);
  } while (length == PIECE && *header == begin->len && begin->len <= HEADER_MAX);
  if (length == -1) return "the message cannot be read";
  return *header > HEADER_MAX ? "the header is too long" : 0;
}

static void hash_piece(void *to, const char *bytes, size_t length) { EVP_DigestUpdate(to, bytes, length); }

static bool hash_end(struct work *w, unsigned char digest[DKIM_DIGEST_BYTES]) { return EVP_DigestFinal_ex(w->hash, digest, 0) == 1; }

static const char *hash_body(struct work *w, const char *begin, size_t length)
{
  static struct dkim_body body;
  static char piece[PIECE];
  unsigned char digest[DKIM_DIGEST_BYTES];
  ssize_t more;

  body = (struct dkim_body){ .take = hash_piece, .to = w->hash };
  if (EVP_DigestInit_ex(w->hash, EVP_sha256(), 0) != 1) return "OpenSSL has no SHA-256";
  dkim_body_feed(&body, begin, length);
  while ((more = read_piece(w, piece, sizeof piece)) > 0) dkim_body_feed(&body, piece, (size_t)more);
  if (more == -1) return "the message cannot be read";
  dkim_body_end(&body);
  if (!hash_end(w, digest)) return "OpenSSL cannot hash";
  base64_add(&w->body_hash, (const char *)digest, sizeof digest);
  return 0;
}

static const char *hash_message(struct work *w)
{
  text begin = TEXT_ZERO;
  size_t header = 0;
  const char *error = read_begin(w, &begin, &header);

  if (!error) {
    dkim_header_choose(begin.s, header, &w->names, &w->header);
    error = hash_body(w, begin.s + header, begin.len - header);
  }
  text_free(&begin);
  return error;
}

static bool sign(struct work *w, const struct dkim_key *key, const char *domain, const char *selector, text *field)
{
  struct dkim_signature s = { .algorithm = dkim_key_algorithm(key), .domain = domain, .selector = selector, .seconds = (uint64_t)time(0),
                              .names = &w->names, .body_hash = &w->body_hash };
  text own = TEXT_ZERO, value = TEXT_ZERO;
  unsigned char digest[DKIM_DIGEST_BYTES];

  dkim_header_begin(field, &s, &own);
  bool done = EVP_DigestInit_ex(w->hash, EVP_sha256(), 0) == 1 && EVP_DigestUpdate(w->hash, w->header.s, w->header.len) == 1 &&
              EVP_DigestUpdate(w->hash, own.s, own.len) == 1 && hash_end(w, digest) && dkim_key_sign(key, digest, &value);
  dkim_header_end(field, &value);
  text_free(&own);
  text_free(&value);
  return done;
}

/* Each of the selectors, or none. */
static void sign_all(struct work *w, const char *domain, const text *selectors, text *fields, text *error)
{
  for (size_t at = 0; at < selectors->len && !error->len; at += strlen(selectors->s + at) + 1) {
    struct dkim_key *key = dkim_key_read(selectors->s + at, domain, error);
    if (key && !sign(w, key, domain, selectors->s + at, fields)) text_copy(error, "OpenSSL cannot sign");
    dkim_key_free(key);
  }
}

static void answer_request(const text *request, const struct call_fds *fds, text *fields, text *error)
{
  struct work w = { .fd = fds->count == 1 ? fds->fd[0] : -1, .hash = EVP_MD_CTX_new() };
  text lines = TEXT_ZERO, selectors = TEXT_ZERO;
  const char *domain = record_get(request, "domain"), *fault = 0;
  uint64_t offset = 0;

  if (!record_is(request, "what", "sign") || w.fd == -1 || !domain_check(domain, strlen(domain)) ||
      !record_number(request, "offset", INT64_MAX, &offset))
    fault = "no such request";
  w.at = (off_t)offset;
  if (!fault && conf_lines("dkim", &lines)) dkim_list_find(&lines, domain, &selectors, error);
  if (!fault && !error->len && !selectors.len) fault = "control/dkim names no key for it";
  if (!fault && !error->len) fault = hash_message(&w);
  if (!fault && !error->len) sign_all(&w, domain, &selectors, fields, error);
  if (fault) text_copy(error, fault);
  EVP_MD_CTX_free(w.hash);
  text_free(&w.names), text_free(&w.header), text_free(&w.body_hash), text_free(&lines), text_free(&selectors);
}

static void session(int in, int out, const struct peer *peer)
{
  text request = TEXT_ZERO, fields = TEXT_ZERO, error = TEXT_ZERO, answer = TEXT_ZERO;
  struct call_fds fds;

  (void)peer;
  if (call_receive(in, &request, &fds, REQUEST_SECONDS) != CALL_DONE) return;
  answer_request(&request, &fds, &fields, &error);
  call_close_fds(&fds);
  text_string(&error);
  record_add(&answer, "answer", error.len ? "no" : "yes");
  record_add(&answer, error.len ? "error" : "fields", error.len ? error.s : text_string(&fields));
  log_event(error.len ? "failed" : "signed", "id", record_get(&request, "id"), "domain", record_get(&request, "domain"), "error", error.s, (char *)0);
  if (!call_send(out, &answer, 0, 0)) log_event("gone", "reason", strerror(errno), (char *)0);
}

int main(int argc, const char *const *argv)
{
  static const char *const callers[] = { "mail-in", "mail-submit", "mail-inject", "mail-send", "mail-tlsrpt", 0 };
  static const char *const reads[] = { "control", "dkim", 0 };
  static const struct sandbox sandbox = { .reads = reads };
  static const struct serve s = { .concurrency = CONCURRENCY, .memory_bytes = MEMORY_BYTES, .callers = callers, .sandbox = &sandbox,
                                  .session_seconds = SESSION_SECONDS, .session = session };

  if (argc != 1) die_usage("dkim-sign");
  home_enter();
  OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, 0);
  return serve(&s, argv);
}
