#include <string.h>

#include "lib/header.h"
#include "lib/header_address.h"

void header_address_start(struct header_address *a, struct bytes value)
{
  a->value = value;
  a->at = 0;
  a->in_group = false;
  text_ready(&a->name, 1); /* so that there is a place in it */
}

void header_address_free(struct header_address *a)
{
  text_free(&a->name);
  text_free(&a->route);
  text_free(&a->local);
  text_free(&a->domain);
  text_free(&a->comment);
}

static bool is_at_end(const struct header_address *a) { return a->at >= a->value.len; }
static bool is_one_of(char c, const char *set) { return c && strchr(set, c); }
static bool is_next(const struct header_address *a, const char *set)
{
  return !is_at_end(a) && is_one_of(a->value.s[a->at], set);
}

/* One word: a quoted string, or bytes up to a special (RFC 5322 3.2.3) but at least one. */
static void take_word(struct header_address *a, text *word)
{
  size_t begin = a->at;

  if (is_next(a, "\"")) {
    a->at = header_take_quoted(a->value.s, a->value.len, a->at, word);
    return;
  }
  do a->at++;
  while (!is_at_end(a) && !is_next(a, " \t\r\n()<>@,;:\""));
  text_add_bytes(word, a->value.s + begin, a->at - begin);
}

/* White space and comments, of which the last one is kept. True if there were any. */
static bool take_space(struct header_address *a)
{
  size_t begin = a->at;

  while (is_next(a, " \t\r\n("))
    if (is_next(a, "(")) {
      text_clear(&a->comment);
      a->at = header_take_comment(a->value.s, a->value.len, a->at, &a->comment);
    } else
      a->at++;
  return a->at > begin;
}

/* "[...]", if the bracket is closed before the address ends. */
static bool take_literal(struct header_address *a, text *domain)
{
  size_t end = a->at;

  if (!is_next(a, "[")) return false;
  while (end < a->value.len && !is_one_of(a->value.s[end], "],;<>")) end++;
  if (end == a->value.len || a->value.s[end] != ']') return false;
  text_add_bytes(domain, a->value.s + a->at, end + 1 - a->at);
  a->at = end + 1;
  return true;
}

/* "@" and the domain behind it; white space and comments in it do not count. Of several the last one counts. */
static void take_domain(struct header_address *a)
{
  a->at++;
  text_clear(&a->domain);
  take_space(a);
  if (take_literal(a, &a->domain)) return;
  while (take_space(a), !is_at_end(a) && !is_next(a, "<>@,;:\"")) take_word(a, &a->domain);
}

/* "a@b" was read, and now comes "@c": then "a@b" is the local part. */
static void make_local(struct header_address *a)
{
  text_add_char(&a->local, '@');
  text_add_text(&a->local, &a->domain);
}

/* "@a,@b:" (obs-route) */
static void take_route(struct header_address *a)
{
  while (is_next(a, "@")) {
    take_domain(a);
    if (a->has_route) text_add_char(&a->route, ',');
    text_add_char(&a->route, '@');
    text_add_text(&a->route, &a->domain);
    a->has_route = true;
    while (take_space(a), is_next(a, ",")) a->at++;
  }
  if (is_next(a, ":")) a->at++;
  text_clear(&a->domain);
}

/* From "<" to behind ">". If that is missing, a comma ends it too. */
static void take_angle(struct header_address *a)
{
  bool has_at = false;

  a->at++;
  text_clear(&a->local);
  text_clear(&a->domain);
  take_space(a);
  take_route(a);
  while (take_space(a), !is_at_end(a) && !is_next(a, ">,"))
    if (is_next(a, "@")) {
      if (has_at) make_local(a);
      has_at = true;
      take_domain(a);
    } else
      take_word(a, &a->local);
  if (is_next(a, ">")) a->at++;
}

/* What stands behind "<...>" is of no use but for a comment. */
static void skip_rest(struct header_address *a)
{
  while (take_space(a), !is_at_end(a) && !is_next(a, ",;"))
    if (is_next(a, "\"")) a->at = header_take_quoted(a->value.s, a->value.len, a->at, 0);
    else a->at++;
}

/* "a@b" outside of "<>"; it goes to name as well, for it may turn out to be one. */
static void take_bare(struct header_address *a, bool has_at)
{
  if (has_at) make_local(a);
  take_domain(a);
  text_add_char(&a->name, '@');
  text_add_text(&a->name, &a->domain);
}

enum reading { READ_WORDS, READ_BARE, READ_ANGLE, READ_GROUP };

static enum reading take_words(struct header_address *a)
{
  enum reading reading = READ_WORDS;

  for (;;) {
    bool space = take_space(a);
    size_t before = a->name.len;
    if (is_at_end(a) || is_next(a, ",;")) return reading;
    if (is_next(a, "<")) {
      take_angle(a);
      skip_rest(a);
      return READ_ANGLE;
    }
    if (is_next(a, ":") && !a->in_group && reading == READ_WORDS) {
      a->at++;
      return READ_GROUP;
    }
    if (is_next(a, "@")) {
      take_bare(a, reading == READ_BARE);
      reading = READ_BARE;
      continue;
    }
    if (space && before) text_add_char(&a->name, ' '), before++;
    take_word(a, &a->name);
    if (reading == READ_WORDS) text_add_bytes(&a->local, a->name.s + before, a->name.len - before);
  }
}

static void take_address(struct header_address *a)
{
  enum reading reading = take_words(a);

  if (reading == READ_GROUP) {
    a->kind = HEADER_ADDRESS_GROUP;
    a->in_group = true;
  }
  if (reading == READ_WORDS) text_copy_bytes(&a->local, a->name.s, a->name.len);
  if (reading == READ_WORDS || reading == READ_BARE) text_clear(&a->name);
  if (!a->name.len && reading != READ_GROUP) text_copy_bytes(&a->name, a->comment.s, a->comment.len);
  a->has_name = a->name.len;
}

/* Up to the next address. False at the end; ends_group if a group ends here. */
static bool skip_separators(struct header_address *a, bool *ends_group)
{
  *ends_group = false;
  text_clear(&a->comment);
  for (; take_space(a), is_next(a, ",;"); a->at++) {
    *ends_group = a->in_group && is_next(a, ";");
    if (*ends_group) break;
  }
  if (is_at_end(a) && a->in_group) *ends_group = true;
  return !is_at_end(a) || *ends_group;
}

bool header_address_next(struct header_address *a)
{
  bool ends_group;

  a->kind = HEADER_ADDRESS_MAILBOX;
  a->has_name = a->has_route = false;
  text_clear(&a->name);
  text_clear(&a->route);
  text_clear(&a->local);
  text_clear(&a->domain);
  if (!skip_separators(a, &ends_group)) return false;
  if (!ends_group) {
    take_address(a);
    return true;
  }
  if (!is_at_end(a)) a->at++;
  a->in_group = false;
  a->kind = HEADER_ADDRESS_GROUP_END;
  return true;
}

void header_address_path(const struct header_address *a, const char *domain, text *path)
{
  text_copy(path, "\"");
  for (size_t i = 0; i < a->local.len; i++) {
    if (strchr("\"\\", a->local.s[i]) && a->local.s[i]) text_add_char(path, '\\');
    text_add_char(path, a->local.s[i]);
  }
  text_add(path, "\"@");
  if (a->domain.len)
    text_add_text(path, &a->domain);
  else
    text_add(path, domain);
}
