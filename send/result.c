#include <string.h>

#include "send/result.h"

void send_result_set(struct send_result *o, enum said_verdict verdict, const char *status, const char *words)
{
  size_t length = strlen(words);

  o->verdict = verdict;
  o->code = 0;
  text_copy(&o->status, status);
  text_string(&o->status);
  text_copy_bytes(&o->text, words, length < SEND_TEXT_MAX ? length : SEND_TEXT_MAX);
  text_string(&o->text);
}

/* RFC 3463 2: "D.DDD.DDD", class 2, 4 or 5. */
static bool is_status(const char *s, size_t length)
{
  unsigned int dots = 0, digits = 0;

  if (length < 5 || length > 9 || !strchr("245", *s) || s[1] != '.') return false;
  for (size_t i = 0; i < length; i++)
    if (s[i] == '.') {
      if (!digits) return false;
      dots++;
      digits = 0;
    } else if (!ascii_is_digit(s[i]) || ++digits > 3)
      return false;
  return dots == 2 && digits;
}

bool send_result_parse(struct send_result *o, const char *value)
{
  const char *status = strchr(value, ' '), *code = status ? strchr(status + 1, ' ') : 0;
  const char *words = code ? strchr(code + 1, ' ') : 0;
  enum said_verdict verdict;
  uint64_t number;

  send_result_set(o, SAID_LATER, "4.3.0", "an answer that is not an outcome");
  if (!words || !said_verdict_parse(value, (size_t)(status - value), &verdict) ||
      !is_status(status + 1, (size_t)(code - status - 1)) || words - code != 4 || !number_scan_bytes(code + 1, 3, 599, &number))
    return false;
  send_result_set(o, verdict, "", words + 1);
  text_copy_bytes(&o->status, status + 1, (size_t)(code - status - 1));
  text_string(&o->status);
  o->code = (unsigned int)number;
  return true;
}

void send_result_free(struct send_result *o)
{
  text_free(&o->status);
  text_free(&o->text);
}

/* Ours: no way there, or not by the TLS that is demanded (send/tlspolicy): the next message would do no better. */
static bool is_of_way(const char *status)
{
  return !strncmp(status, "4.4.", 4) || !strcmp(status, "4.7.4") || !strcmp(status, "4.7.5");
}

bool send_result_is_of_hop(const struct send_result *o)
{
  return o->verdict == SAID_LATER && (o->code == 421 || (!o->code && is_of_way(o->status.s)));
}
