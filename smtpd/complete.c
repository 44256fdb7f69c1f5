#include <string.h>

#include "lib/header.h"
#include "smtpd/complete.h"

struct reader {
  const char *s;
  size_t length, at, copied; /* what is before copied is in out */
  const char *domain;
  text *out;
};

static void copy_to(struct reader *r, size_t at)
{
  text_add_bytes(r->out, r->s + r->copied, at - r->copied);
  r->copied = at;
}

static void add_domain(struct reader *r, size_t at)
{
  copy_to(r, at);
  text_add_char(r->out, '@');
  text_add(r->out, r->domain);
}

static bool is_next(const struct reader *r, const char *set)
{
  return r->at < r->length && r->s[r->at] && strchr(set, r->s[r->at]);
}

static void skip_space(struct reader *r) { r->at = header_skip_space(r->s, r->length, r->at); }

/* A quoted string, a literal, or bytes up to a special (RFC 5322 3.2.3): at least one. */
static void skip_word(struct reader *r)
{
  if (is_next(r, "\"")) {
    r->at = header_take_quoted(r->s, r->length, r->at, 0);
    return;
  }
  if (is_next(r, "["))
    while (r->at < r->length && r->s[r->at] != ']') r->at++;
  if (r->at < r->length) r->at++;
  while (r->at < r->length && !is_next(r, " \t\r\n()<>@,;:\"")) r->at++;
}

/* Not what RFC 2047 says in atoms, nor a literal, nor a quoted string without its end. */
static bool may_be_local(const char *word, size_t length)
{
  size_t escapes = 0;

  if (word[0] == '[' || (length > 2 && word[0] == '=' && word[1] == '?')) return false;
  if (word[0] != '"') return true;
  while (length > 2 + escapes && word[length - 2 - escapes] == '\\') escapes++;
  return length > 1 && word[length - 1] == '"' && escapes % 2 == 0;
}

/* Words up to one of the set: how many, where the last one ended, and is there an @ among them? */
struct words {
  size_t count, end;
  bool has_at, may_be_local; /* one local part, in one or several pieces around dots */
};

static struct words skip_words(struct reader *r, const char *set)
{
  struct words words = { .may_be_local = true };

  for (skip_space(r); r->at < r->length && !is_next(r, set); skip_space(r)) {
    size_t begin = r->at;
    if (is_next(r, "@")) {
      words.has_at = true;
      r->at++;
    } else
      skip_word(r);
    /* two words without a dot between them are a name */
    if (words.count++ && r->s[begin] != '.' && r->s[words.end - 1] != '.') words.may_be_local = false;
    if (!may_be_local(r->s + begin, r->at - begin)) words.may_be_local = false;
    words.end = r->at;
  }
  return words;
}

/* From "<" to behind ">". One that is not closed stays as it is; so does a route, "<@a:b@c>", which has a domain. */
static void complete_angle(struct reader *r)
{
  r->at++;
  struct words words = skip_words(r, ">,");
  if (is_next(r, ">")) {
    if (words.count && !words.has_at && words.may_be_local) add_domain(r, words.end);
    r->at++;
  }
}

void smtpd_complete(struct bytes value, const char *domain, text *out)
{
  struct reader r = { .s = value.s, .length = value.len, .domain = domain, .out = out };

  while (r.at < r.length) {
    struct words words = skip_words(&r, "<,;:>)");
    if (is_next(&r, "<")) {
      complete_angle(&r);
      skip_words(&r, "<,;"); /* nothing but comments should be here */
    } else if (words.count && !words.has_at && words.may_be_local && !is_next(&r, ":>)"))
      add_domain(&r, words.end);
    if (r.at < r.length && !is_next(&r, "<")) r.at++;
  }
  copy_to(&r, r.length);
}
