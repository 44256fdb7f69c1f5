#include <stdlib.h>
#include <string.h>

#include "imap/parse.h"

enum { SHOWN_MAX = 20 };

bool imap_parse_fail(struct imap_parse *p, const char *expected)
{
  text *error = &p->command->error;

  text_copy(error, "expected ");
  text_add(error, expected);
  if (p->at == p->end) {
    text_add(error, " at the end of the command");
    return false;
  }
  text_add(error, " where \"");
  for (const char *s = p->at; s < p->end && s < p->at + SHOWN_MAX; s++)
    text_add_char(error, ascii_is_printable(*s) ? *s : '?');
  text_add(error, "\" stands");
  return false;
}

bool imap_parse_is(const struct imap_parse *p, char c) { return p->at < p->end && *p->at == c; }

bool imap_parse_char(struct imap_parse *p, char c)
{
  if (!imap_parse_is(p, c)) return imap_parse_fail(p, (char[]){ '"', c, '"', 0 });
  p->at++;
  return true;
}

bool imap_parse_space(struct imap_parse *p)
{
  if (!imap_parse_is(p, ' ')) return imap_parse_fail(p, "a space");
  p->at++;
  return true;
}

bool imap_parse_end(struct imap_parse *p) { return p->at == p->end || imap_parse_fail(p, "the end of the command"); }

static bool is_atom_char(char c) { return ascii_is_printable(c) && !strchr("(){ %*\"\\]", c); }
static bool is_astring_char(char c) { return is_atom_char(c) || c == ']'; }
static bool is_list_char(char c) { return is_astring_char(c) || c == '%' || c == '*'; }

static struct bytes run_of(const struct imap_parse *p, bool (*belongs)(char))
{
  const char *s = p->at;
  while (s < p->end && belongs(*s)) s++;
  return (struct bytes){ p->at, (size_t)(s - p->at) };
}

static const char *take(struct imap_parse *p, struct bytes run)
{
  p->at = run.s + run.len;
  return pool_string(&p->command->pool, run.s, run.len);
}

struct bytes imap_parse_peek(const struct imap_parse *p) { return run_of(p, is_atom_char); }

bool imap_parse_word(struct imap_parse *p, const char *word)
{
  struct bytes atom = imap_parse_peek(p);

  if (atom.len != strlen(word) || !bytes_are_nocase(atom.s, word, atom.len)) return false;
  p->at += atom.len;
  return true;
}

const char *imap_parse_atom(struct imap_parse *p, const char *expected)
{
  struct bytes atom = imap_parse_peek(p);

  if (atom.len) return take(p, atom);
  imap_parse_fail(p, expected);
  return 0;
}

/* The closing quote, or 0, and the length of the content. 8-bit is not of the grammar but is what clients send. */
static const char *find_quote(const char *s, const char *end, size_t *length)
{
  for (*length = 0; s < end && *s != '"'; s++, ++*length) {
    if (*s == '\\' && (++s == end || (*s != '"' && *s != '\\'))) return 0;
    if (!*s || *s == '\r' || *s == '\n') return 0;
  }
  return s < end ? s : 0;
}

static const char *take_quoted(struct imap_parse *p)
{
  size_t length;
  const char *quote = find_quote(p->at + 1, p->end, &length);
  char *string, *to;

  if (!quote) {
    imap_parse_fail(p, "a quoted string that ends");
    return 0;
  }
  string = to = pool_take(&p->command->pool, length + 1);
  for (const char *s = p->at + 1; s < quote; s++) {
    if (*s == '\\') s++;
    *to++ = *s;
  }
  p->at = quote + 1;
  return string;
}

/* "{N}" or "{N+}", the line's end that imap_input puts there, and N octets, none of them NUL. */
static const char *take_literal(struct imap_parse *p)
{
  const char *digits = p->at + 1, *s = digits, *string = 0;
  uint64_t size;

  while (s < p->end && ascii_is_digit(*s)) s++;
  if (number_scan_bytes(digits, (size_t)(s - digits), UINT32_MAX, &size)) {
    if (s < p->end && *s == '+') s++;
    if (p->end - s >= 3 && !memcmp(s, "}\r\n", 3) && (uint64_t)(p->end - s - 3) >= size && !memchr(s + 3, 0, size))
      string = take(p, (struct bytes){ s + 3, size });
  }
  if (!string) imap_parse_fail(p, "a literal without NUL");
  return string;
}

const char *imap_parse_string(struct imap_parse *p, const char *expected)
{
  if (imap_parse_is(p, '"')) return take_quoted(p);
  if (imap_parse_is(p, '{')) return take_literal(p);
  imap_parse_fail(p, expected);
  return 0;
}

static const char *take_run_or_string(struct imap_parse *p, bool (*belongs)(char), const char *expected)
{
  struct bytes run = run_of(p, belongs);
  return run.len ? take(p, run) : imap_parse_string(p, expected);
}

const char *imap_parse_astring(struct imap_parse *p, const char *expected)
{
  return take_run_or_string(p, is_astring_char, expected);
}

/* "john*master" (auth/master) is no atom; but clients write it as one, and nothing else can be meant. */
const char *imap_parse_login(struct imap_parse *p) { return take_run_or_string(p, is_list_char, "a user name"); }

const char *imap_parse_mailbox(struct imap_parse *p)
{
  const char *mailbox = imap_parse_astring(p, "a mailbox");
  return mailbox && string_is_nocase(mailbox, "INBOX") ? "INBOX" : mailbox;
}

const char *imap_parse_pattern(struct imap_parse *p) { return take_run_or_string(p, is_list_char, "a mailbox pattern"); }

bool imap_parse_number(struct imap_parse *p, uint32_t *number)
{
  struct bytes digits = run_of(p, ascii_is_digit);
  uint64_t value;

  if (!number_scan_bytes(digits.s, digits.len, UINT32_MAX, &value))
    return imap_parse_fail(p, "a number up to 4294967295");
  *number = (uint32_t)value;
  p->at += digits.len;
  return true;
}

bool imap_parse_sequence(struct imap_parse *p, struct imap_sequence *sequence)
{
  const char *behind = imap_sequence_parse(sequence, p->at, p->end);

  if (!behind) return imap_parse_fail(p, "a set of numbers from 1 to 4294967295");
  p->at = behind;
  return true;
}

static unsigned int system_flag(struct bytes name)
{
  static const char *const names[] = { "Seen", "Answered", "Flagged", "Deleted", "Draft" };

  for (unsigned int i = 0; i < 5; i++)
    if (name.len == strlen(names[i]) && bytes_are_nocase(name.s, names[i], name.len)) return 1U << i;
  return 0;
}

static int compare_keywords(const void *a, const void *b)
{
  const char *left = *(const char *const *)a, *right = *(const char *const *)b;

  while (*left && ascii_lower(*left) == ascii_lower(*right)) left++, right++;
  return (int)ascii_lower(*left) - (int)ascii_lower(*right);
}

/* Sorted, each once: linear but for the sorting. */
static void keep_keywords(struct imap_parse *p, struct imap_flags *flags, const char **keywords, size_t count)
{
  size_t kept = 0;

  if (!count) return;
  qsort(keywords, count, sizeof *keywords, compare_keywords);
  for (size_t i = 1; i < count; i++)
    if (compare_keywords(&keywords[kept], &keywords[i])) keywords[++kept] = keywords[i];
  flags->keyword_count = kept + 1;
  flags->keywords = memcpy(pool_take_many(&p->command->pool, kept + 1, sizeof *keywords), keywords,
                           (kept + 1) * sizeof *keywords);
}

static bool take_flag(struct imap_parse *p, struct imap_flags *flags, text *keywords)
{
  const char *keyword;

  if (imap_parse_is(p, '\\')) {
    const char *backslash = p->at++;
    struct bytes name = imap_parse_peek(p);
    unsigned int flag = system_flag(name);
    flags->system |= flag;
    p->at = flag ? p->at + name.len : backslash;
    return flag || imap_parse_fail(p, "\\Seen, \\Answered, \\Flagged, \\Deleted, \\Draft or a keyword");
  }
  keyword = imap_parse_atom(p, "a flag");
  if (keyword) text_add_bytes(keywords, (const char *)&keyword, sizeof keyword);
  return keyword;
}

/* flag *(SP flag), up to what ends the list */
static bool take_flags(struct imap_parse *p, struct imap_flags *flags)
{
  text keywords = TEXT_ZERO;
  bool good;

  while ((good = take_flag(p, flags, &keywords)) && imap_parse_is(p, ' ')) p->at++;
  if (good) keep_keywords(p, flags, (const char **)keywords.s, keywords.len / sizeof(const char *));
  text_free(&keywords);
  return good;
}

bool imap_parse_flag_list(struct imap_parse *p, struct imap_flags *flags)
{
  if (!imap_parse_char(p, '(')) return false;
  if (imap_parse_is(p, ')')) return imap_parse_char(p, ')');
  return take_flags(p, flags) && imap_parse_char(p, ')');
}

bool imap_parse_flags(struct imap_parse *p, struct imap_flags *flags)
{
  return imap_parse_is(p, '(') ? imap_parse_flag_list(p, flags) : take_flags(p, flags);
}
