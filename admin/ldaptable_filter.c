#include "admin/ldaptable_filter.h"

#include <string.h>

struct walk {
  const char *at;
  text *uses;
  const char *wrong; /* a sentence; 0: all is well */
  bool is_below_not;
};

static void fail(struct walk *w, const char *what)
{
  if (!w->wrong) w->wrong = what;
}

static void skip_space(struct walk *w)
{
  while (ascii_is_space(*w->at)) w->at++;
}

/* %% is a percent sign; %s, %u, %d, %1 to %9, in either case, are what is asked about. */
static bool is_asked(const char *at) { return *at == '%' && at[1] && (strchr("sudSUD", at[1]) || ascii_is_digit(at[1])); }

static bool asks(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] == '%' && i + 1 < length && bytes[i + 1] == '%')
      i++;
    else if (is_asked(bytes + i) && i + 1 < length)
      return true;
  }
  return false;
}

static bool is_description(const char *name, size_t length)
{
  if (!length || (!ascii_is_alpha(*name) && !ascii_is_digit(*name))) return false;
  for (size_t i = 0; i < length; i++)
    if (!ascii_is_alpha(name[i]) && !ascii_is_digit(name[i]) && !strchr("-._;:", name[i])) return false;
  return true;
}

static bool is_attribute(const char *name, size_t length) { return ascii_is_alpha(*name) && !memchr(name, ':', length) && !memchr(name, ';', length); }

/* The value with each thing that is asked replaced by what any value has. */
static void add_any(text *filter, const char *value, size_t length)
{
  size_t start = filter->len;

  for (size_t i = 0; i < length; i++) {
    bool is_any = i + 1 < length && is_asked(value + i);
    if (!is_any && value[i] != '*') {
      text_add_char(filter, value[i]);
      if (value[i] == '%' && i + 1 < length && value[i + 1] == '%') i++;
      continue;
    }
    i += is_any;
    if (filter->len == start || filter->s[filter->len - 1] != '*') text_add_char(filter, '*');
  }
}

static void use(struct walk *w, const char *key, const char *name, size_t name_length, const char *prefix, size_t prefix_length)
{
  text value = TEXT_ZERO;

  text_add_bytes(&value, name, name_length);
  if (prefix_length) text_add_char(&value, ' ');
  text_add_bytes(&value, prefix, prefix_length);
  if (!record_has(w->uses, key, text_string(&value))) record_add(w->uses, key, value.s);
  text_free(&value);
}

static bool is_nocase(const char *bytes, size_t length, const char *word) { return length == strlen(word) && bytes_are_nocase(bytes, word, length); }

static bool is_plain(const char *bytes, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (strchr("*%\\ ", bytes[i])) return false;
  return true;
}

/* What kind of question is "NAME=VALUE"? */
static void classify(struct walk *w, const char *name, size_t name_length, const char *value, size_t length)
{
  const char *suffix = length >= 2 ? value + length - 2 : value;
  bool is_whole = length >= 2 && is_nocase(suffix, 2, "%s");

  if (is_nocase(value, length, "%s") || is_nocase(value, length, "%u@%d"))
    use(w, "address", name, name_length, "", 0);
  else if (is_nocase(value, length, "%u"))
    use(w, "local", name, name_length, "", 0);
  else if (is_nocase(value, length, "%d") || is_nocase(value, length, "*@%d") || is_nocase(value, length, "*@%s"))
    use(w, "domain", name, name_length, "", 0);
  else if (is_nocase(value, length, "@%d") || is_nocase(value, length, "@%s"))
    use(w, "catchall", name, name_length, "", 0);
  else if (is_whole && is_plain(value, length - 2))
    use(w, "address", name, name_length, value, length - 2);
  else {
    if (length > 3 && bytes_are_nocase(value, "%u@", 3)) use(w, "address", name, name_length, "", 0);
    use(w, "loose", name, name_length, value, length);
  }
}

static void add_other(struct walk *w, const char *name, size_t name_length, const char *rest, size_t length)
{
  text term = TEXT_ZERO;

  text_add_bytes(&term, name, name_length);
  text_add_bytes(&term, rest, length);
  record_add(w->uses, "other", text_string(&term));
  text_free(&term);
}

/* "NAME=VALUE)" and its kind, behind the parenthesis. */
static void add_item(struct walk *w, text *filter)
{
  const char *name = w->at;
  size_t all = strcspn(name, "()"), name_length = strcspn(name, "=<>~()"), sign = name_length;

  while (name_length && ascii_is_space(name[name_length - 1])) name_length--;
  bool is_other_sign = name[sign] && name[sign] != '=' && name[sign + 1] == '=';
  if (name[all] != ')' || sign >= all || (name[sign] != '=' && !is_other_sign) || !is_description(name, name_length)) {
    fail(w, "a term is not (ATTRIBUTE=VALUE)");
    return;
  }
  const char *value = name + sign + 1 + is_other_sign;
  size_t length = (size_t)(name + all - value);
  w->at = name + all + 1;
  if (!asks(value, length)) {
    bool is_class = is_nocase(name, name_length, "objectClass") && length && is_plain(value, length);
    text_add_char(filter, '(');
    text_add_bytes(filter, name, name_length);
    text_add_bytes(filter, name + sign, 1 + (size_t)is_other_sign);
    add_any(filter, value, length);
    text_add_char(filter, ')');
    if (!w->is_below_not && is_class) record_add_bytes(w->uses, "class", value, length);
    if (!w->is_below_not && !is_class) add_other(w, name, name_length, name + sign, all - sign);
  } else if (is_other_sign || !is_attribute(name, name_length)) {
    text_add(filter, "(objectClass=*)");
    record_add_bytes(w->uses, "lost", name, all);
  } else {
    text_add_char(filter, '(');
    text_add_bytes(filter, name, name_length);
    text_add_char(filter, '=');
    add_any(filter, value, length);
    text_add_char(filter, ')');
    classify(w, name, name_length, value, length);
  }
}

/* Where the term that begins here ends, behind its parenthesis; 0: nowhere. */
static const char *term_end(const char *at)
{
  size_t open = 0;

  for (; *at; at++) {
    open += *at == '(';
    if (*at == ')' && !--open) return at + 1;
  }
  return 0;
}

static void add_term(struct walk *w, text *filter, unsigned int depth);

/* An address that must not be there cannot be asked of all entries at once. */
static void add_not(struct walk *w, text *filter, unsigned int depth)
{
  const char *end;
  bool was_below = w->is_below_not;

  skip_space(w);
  if (*w->at == '(' && (end = term_end(w->at)) && asks(w->at, (size_t)(end - w->at))) {
    text_add(filter, "(objectClass=*)");
    record_add_bytes(w->uses, "lost", w->at - 1, (size_t)(end - w->at) + 1);
    w->at = end;
  } else {
    text_add(filter, "(!");
    w->is_below_not = true;
    add_term(w, filter, depth + 1);
    w->is_below_not = was_below;
    text_add_char(filter, ')');
  }
  skip_space(w);
  if (*w->at != ')') fail(w, "a parenthesis is missing");
  else w->at++;
}

static size_t count(const text *uses, const char *key)
{
  size_t found = 0, at = 0;

  while (record_next(uses, key, &at)) found++;
  return found;
}

static void add_once(text *uses, const char *key, size_t terms)
{
  if (terms > 1 && !record_find(uses, key)) record_add(uses, key, "yes");
}

static void add_list(struct walk *w, text *filter, unsigned int depth)
{
  bool is_any = *w->at++ == '|';
  size_t terms = 0, classes = 0, others = 0; /* of its terms: all, those with a class, those with a further fact */

  text_add(filter, is_any ? "(|" : "(&");
  for (skip_space(w); !w->wrong && *w->at == '('; skip_space(w), terms++) {
    size_t classes_before = count(w->uses, "class"), others_before = count(w->uses, "other");
    add_term(w, filter, depth + 1);
    classes += count(w->uses, "class") > classes_before;
    others += count(w->uses, "other") > others_before;
  }
  text_add_char(filter, ')');
  if (!terms || *w->at != ')') {
    fail(w, "a parenthesis is missing");
    return;
  }
  w->at++;
  add_once(w->uses, is_any ? "any-class" : "all-classes", classes);
  add_once(w->uses, is_any ? "any-other" : "all-others", others);
}

static void add_term(struct walk *w, text *filter, unsigned int depth)
{
  skip_space(w);
  if (depth > LDAPTABLE_DEPTH) fail(w, "parentheses are nested too deep");
  if (*w->at != '(') fail(w, "a parenthesis is missing");
  if (w->wrong) return;
  w->at++;
  skip_space(w);
  if (*w->at == '&' || *w->at == '|')
    add_list(w, filter, depth);
  else if (*w->at == '!') {
    w->at++;
    add_not(w, filter, depth);
  } else
    add_item(w, filter);
}

bool ldaptable_filter(const char *query, text *filter, text *uses, text *error)
{
  text whole = TEXT_ZERO;

  while (ascii_is_space(*query)) query++;
  if (*query == '(')
    text_add(&whole, query);
  else
    text_add_format(&whole, "(%s)", query);
  struct walk w = { .at = text_string(&whole), .uses = uses };
  add_term(&w, filter, 0);
  skip_space(&w);
  if (!w.wrong && *w.at) fail(&w, "something stands behind it");
  text_string(filter);
  if (w.wrong) text_copy(error, w.wrong);
  text_string(error);
  text_free(&whole);
  return !w.wrong;
}
