#include "admin/story.h"

#include <skalibs/buffer.h>

#include "lib/json.h"

enum { NAME_WIDTH = 12, INDENT = 2 };

bool story_is_json;

static void put(const text *line) { buffer_put(buffer_1, line->s, line->len); }

static void put_json(const char *name, const char *value, const char *rule, const char *from, const unsigned int *depth)
{
  text line = TEXT_ZERO;

  text_add_char(&line, '{');
  json_pair(&line, "what", name);
  if (depth) json_number(&line, "depth", *depth);
  json_pair(&line, "value", value);
  if (*rule) json_pair(&line, "rule", rule);
  if (*from) json_pair(&line, "file", from);
  text_add(&line, "}\n");
  put(&line);
  text_free(&line);
}

void story_fact(const char *name, const char *value, const char *rule, const char *from)
{
  text line = TEXT_ZERO;

  if (story_is_json) {
    put_json(name, value, rule, from, 0);
    return;
  }
  text_add_format(&line, "%-*s%s\n", NAME_WIDTH, name, value);
  if (*rule) text_add_format(&line, "%*s  rule %s%s%s\n", NAME_WIDTH, "", rule, *from ? ", " : "", from);
  put(&line);
  text_free(&line);
}

void story_line(const char *name, const char *value) { story_fact(name, value, "", ""); }

bool story_decision(const char *name, const struct policy_decision *d)
{
  text line = TEXT_ZERO;

  text_add_format(&line, "%u %s %s", d->code, d->status, d->text.s);
  story_fact(name, text_string(&line), d->rule, d->from.s);
  text_free(&line);
  return policy_is_accepted(d);
}

/* "branch        ann@example.test: mailbox (mailbox, directory/ann.ldif)", indented by its depth. */
void story_branch(void *to, unsigned int depth, const char *address, const char *what, const char *rule, const char *from)
{
  text line = TEXT_ZERO;

  (void)to;
  if (story_is_json) {
    text_add_format(&line, "%s: %s", address, what);
    put_json("branch", text_string(&line), rule, from, &depth);
  } else {
    text_add_format(&line, "%-*s%*s%s: %s (%s%s%s)\n", NAME_WIDTH, "branch", (int)depth * INDENT, "", address, what, rule, *from ? ", " : "",
                    from);
    put(&line);
  }
  text_free(&line);
}
