#include "lib/expect.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/file.h"
#include "lib/policy_case.h"

#define EXPECT_FILE "control/expect"

static bool wrong(text *error, const char *what, const char *word)
{
  text_copy(error, what);
  text_add(error, word);
  text_string(error);
  return false;
}

/* Words are separated by white space. */
static bool next_word(const char **at, const char *end, text *word)
{
  while (*at < end && ascii_is_space(**at)) ++*at;
  const char *start = *at;
  while (*at < end && !ascii_is_space(**at)) ++*at;
  text_copy_bytes(word, start, (size_t)(*at - start));
  text_string(word);
  return word->len != 0;
}

static bool is_null_or_address(const char *word, bool may_be_null)
{
  struct address a = ADDRESS_ZERO;
  bool is_null, good = policy_case_address(&a, word, &is_null) && (may_be_null || !is_null);

  address_free(&a);
  return good;
}

static bool take_fact(text *question, const char *key, const char *value, text *error)
{
  unsigned char bytes[16];

  if (record_find(question, key)) return wrong(error, "there twice: ", key);
  if (!strcmp(key, "ip") && inet_pton(AF_INET, value, bytes) != 1 && inet_pton(AF_INET6, value, bytes) != 1) return wrong(error, "not an IP address: ", value);
  if (!strcmp(key, "port") && !policy_port_find(value)) return wrong(error, "not 25, 587, 465, 10587 or 24: ", value);
  if ((!strcmp(key, "from") || !strcmp(key, "to") || !strcmp(key, "header")) && !is_null_or_address(value, !strcmp(key, "from")))
    return wrong(error, "not an address: ", value);
  record_add(question, key, value);
  return true;
}

static bool take_question(const char **at, const char *end, text *question, text *error)
{
  static const char *const keys[] = { "from", "to", "login", "ip", "port", "helo", "fingerprint", "header", 0 };
  text word = TEXT_ZERO, value = TEXT_ZERO;
  bool good = true;

  while (good && (good = next_word(at, end, &word)) && strcmp(word.s, "->")) {
    const char *const *key = keys;
    while (*key && strcmp(*key, word.s)) key++;
    if (!strcmp(word.s, "tls"))
      good = take_fact(question, "tls", "yes", error);
    else if (!*key)
      good = wrong(error, "unknown word: ", word.s);
    else
      good = next_word(at, end, &value) ? take_fact(question, *key, value.s, error) : wrong(error, "nothing behind ", *key);
  }
  text_free(&word);
  text_free(&value);
  if (!good) return error->len ? false : wrong(error, "there is no ", "-> ANSWER");
  if (!record_find(question, "from")) return wrong(error, "there is no ", "from ADDRESS");
  return record_find(question, "to") || wrong(error, "there is no ", "to ADDRESS");
}

static const char *kind_of(const char *word)
{
  uint64_t number;
  const char *dot = strchr(word, '.');

  if (number_scan(word, 599, &number)) return number >= 200 && strlen(word) == 3 ? "code" : 0;
  if (ascii_is_digit(*word)) return dot && strchr(dot + 1, '.') && strspn(word, "0123456789.") == strlen(word) ? "status" : 0;
  return strspn(word, "abcdefghijklmnopqrstuvwxyz-") == strlen(word) ? "rule" : 0;
}

static bool take_goal(const char *word, text *question, text *error)
{
  struct address a = ADDRESS_ZERO;
  bool good = address_parse(&a, word, strlen(word)) == ADDRESS_FULL;

  if (good) record_add(question, "goal", a.folded.s);
  address_free(&a);
  return good || wrong(error, "not an address: ", word);
}

static bool take_answer(const char **at, const char *end, text *question, text *error)
{
  text word = TEXT_ZERO;
  bool good = true, is_any = false;

  while (good && next_word(at, end, &word)) {
    const char *kind = kind_of(word.s);
    is_any = true;
    if (!strcmp(word.s, "to"))
      good = next_word(at, end, &word) ? take_goal(word.s, question, error) : wrong(error, "nothing behind ", "to");
    else
      good = kind ? take_fact(question, kind, word.s, error) : wrong(error, "neither a code, nor a status, nor the name of a rule: ", word.s);
  }
  text_free(&word);
  return good && (is_any || wrong(error, "there is no answer behind ", "->"));
}

bool expect_parse(const char *line, size_t length, text *question, text *error)
{
  const char *at = line, *end = line + length;

  text_clear(question);
  text_clear(error);
  if (memchr(line, 0, length)) return wrong(error, "a NUL in it", "");
  return take_question(&at, end, question, error) && take_answer(&at, end, question, error);
}

/* The facts of one line, and what came of it. */
struct asked {
  struct tables *tables;
  const text *question;
  struct policy_case is;
  struct policy_facts facts;
  struct policy_destinations all;
  struct policy_decision decision;
};

/* Each step as a session has it; the first one that refuses is the answer. */
static void decide(struct asked *a, struct address *sender, struct address *recipient)
{
  bool is_null, has_header = record_find(a->question, "header") && a->facts.login;

  policy_client(&a->facts, &a->decision);
  if (!policy_is_accepted(&a->decision)) return;
  policy_case_address(sender, record_get(a->question, "from"), &is_null);
  if (!is_null && !*sender->domain) {
    policy_decide(&a->decision, 553, "5.1.7", "syntax", "");
    return;
  }
  a->facts.sender = is_null ? 0 : sender;
  policy_sender(a->tables, &a->facts, a->facts.sender, &a->decision);
  if (!policy_is_accepted(&a->decision)) return;
  policy_case_address(recipient, record_get(a->question, "to"), &is_null);
  policy_recipient(a->tables, &a->facts, recipient, &a->all, &a->decision);
  if (!policy_is_accepted(&a->decision) || !has_header) return;
  struct policy_decision from = POLICY_DECISION_ZERO;
  struct address header = ADDRESS_ZERO;
  policy_case_address(&header, record_get(a->question, "header"), &is_null);
  policy_from(a->tables, &a->facts, &header, &from);
  if (!policy_is_accepted(&from)) policy_decide(&a->decision, from.code, from.status, from.rule, from.from.s);
  address_free(&header);
  policy_decision_free(&from);
}

static void ask_policy(struct asked *a)
{
  struct address sender = ADDRESS_ZERO, recipient = ADDRESS_ZERO;
  const char *login = record_find(a->question, "login"), *port = record_find(a->question, "port");

  a->facts.ip = record_get(a->question, "ip");
  a->facts.helo = record_get(a->question, "helo");
  a->facts.fingerprint = record_get(a->question, "fingerprint");
  a->facts.is_tls = record_find(a->question, "tls") != 0;
  policy_case_control(&a->is, policy_port_find(port ? port : login ? "587" : "25"), &a->facts);
  enum lookup_result result = login ? policy_case_login(&a->is, a->tables, login, &a->facts) : LOOKUP_FOUND;
  if (result == LOOKUP_BROKEN || !policy_know_client(a->tables, &a->facts, &a->is.standing)) die_unable("read policy.cdb of ", a->tables->generation.s);
  if (result == LOOKUP_ABSENT)
    policy_decide(&a->decision, 535, "5.7.8", "login", "");
  else
    decide(a, &sender, &recipient);
  address_free(&sender);
  address_free(&recipient);
}

static bool leads_to(const struct policy_destinations *all, const char *goal)
{
  struct policy_destination one;
  size_t at = 0;

  while (policy_destinations_next(all, &at, &one))
    if (!strcmp(one.address, goal)) return true;
  return false;
}

static bool is_as_expected(const struct asked *a)
{
  const char *status = record_find(a->question, "status"), *rule = record_find(a->question, "rule");
  uint64_t code;
  size_t at = 0;

  if (record_number(a->question, "code", 599, &code) && code != a->decision.code) return false;
  if ((status && strcmp(status, a->decision.status)) || (rule && strcmp(rule, a->decision.rule))) return false;
  for (const char *goal; (goal = record_next(a->question, "goal", &at));)
    if (!leads_to(&a->all, goal)) return false;
  return true;
}

/* "250 2.1.5 address (directory/bob.ldif: uid=bob) to bob@example.test" */
static void describe(const struct asked *a, text *answer)
{
  struct policy_destination one;
  const char *from = a->decision.from.len ? a->decision.from.s : "";
  size_t at = 0;

  text_clear(answer);
  text_add_format(answer, "%u %s %s%s%s%s", a->decision.code, a->decision.status, a->decision.rule, *from ? " (" : "", from, *from ? ")" : "");
  while (policy_destinations_next(&a->all, &at, &one)) text_add_format(answer, " to %s", one.address);
  text_string(answer);
}

static bool ask_line(struct tables *tables, const text *question, text *answer)
{
  struct asked a = { .tables = tables, .question = question, .is = POLICY_CASE_ZERO, .all = POLICY_DESTINATIONS_ZERO, .decision = POLICY_DECISION_ZERO };

  ask_policy(&a);
  bool holds = is_as_expected(&a);
  describe(&a, answer);
  policy_case_free(&a.is);
  policy_destinations_free(&a.all);
  policy_decision_free(&a.decision);
  return holds;
}

struct expect_count expect_ask(struct tables *tables, expect_say *say, void *to)
{
  struct expect_count count = { 0, 0 };
  text bytes = TEXT_ZERO, question = TEXT_ZERO, error = TEXT_ZERO, answer = TEXT_ZERO, where = TEXT_ZERO;
  const char *line;
  size_t at = 0, number = 0, length;

  file_read(EXPECT_FILE, &bytes);
  while (conf_next_line(&bytes, &at, &number, &line, &length)) {
    text_clear(&where);
    text_add_format(&where, "%s line %zu: ", EXPECT_FILE, number);
    if (!expect_parse(line, length, &question, &error)) die_permanent(text_string(&where), error.s);
    text_add_bytes(&where, line, length);
    bool holds = ask_line(tables, &question, &answer);
    count.lines++;
    count.broken += !holds;
    say(to, text_string(&where), holds, answer.s);
  }
  text_free(&bytes);
  text_free(&question);
  text_free(&error);
  text_free(&answer);
  text_free(&where);
  return count;
}
