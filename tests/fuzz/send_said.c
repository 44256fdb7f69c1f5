/* What others say: an outcome of deliver or smtp-send, a line of queue/log, and a report made of them: any bytes give an
   outcome, a line that is written is read again, and a report has no control byte and CRLF lines outside the header it returns; its part for programs is ASCII, unless whom it is for has an address that is not. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/said.h"
#include "lib/json.h"
#include "send/report.h"
#include "send/result.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const struct said *s)
{
  struct said again = SAID_ZERO;
  text line = TEXT_ZERO;

  said_format(s, &line);
  if (!said_parse(&again, line.s, line.len - 1) || again.text.len != s->text.len || memcmp(again.text.s, s->text.s, s->text.len) ||
      again.policy.len != s->policy.len ||
      memchr(line.s, '\n', line.len - 1))
    abort();
  said_free(&again);
  text_free(&line);
}

static void check_report(const struct said *s, const char *words)
{
  enum send_report_action action = (enum send_report_action)(strlen(words) % 5);
  struct send_report_recipient recipient = { .action = action, .address = words, .original = words, .said = s };
  static struct send_wordings english;
  if (!english.language) send_wordings_use_english(&english);
  struct send_report r = { .wordings = &english, .host = "h", .from = "f@h", .to = words, .id = "i", .message = "m", .message_id = words, .envid = words, .header = "",
                           .recipients = &recipient, .count = 1 };
  text out = TEXT_ZERO;

  send_report_format(&r, &out);
  for (size_t i = 0; i < out.len; i++) {
    unsigned char c = (unsigned char)out.s[i];
    if (c == 0x7f || (c < 0x20 && c != '\t' && c != '\r' && c != '\n') || (c == '\n' && (!i || out.s[i - 1] != '\r')) ||
        (c == '\r' && (i + 1 == out.len || out.s[i + 1] != '\n')))
      abort();
  }
  const char *type = string_is_ascii(words) ? "\r\nContent-Type: message/delivery-status\r\n" : "\r\nContent-Type: message/global-delivery-status\r\n";
  const char *status = memmem(out.s, out.len, type, strlen(type));
  const char *global = memmem(out.s, out.len, "\r\nContent-Type: message/global-delivery-status\r\n", 48);
  bool is_ascii = status && !global;
  if (!status) status = global;
  const char *end = status ? memmem(status, out.len - (size_t)(status - out.s), "\r\n--", 4) : 0;
  for (const char *c = status; is_ascii && c < end; c++)
    if ((unsigned char)*c > 0x7e && string_is_ascii(words)) abort();
  if (!end) abort();
  text_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct send_result result = SEND_RESULT_ZERO;
  struct said s = SAID_ZERO;
  text string = TEXT_ZERO, json = TEXT_ZERO;

  text_add_bytes(&string, (const char *)data, size);
  text_string(&string);
  if (!send_result_parse(&result, string.s) && result.verdict != SAID_LATER) abort();
  if (said_parse(&s, string.s, size)) check_line(&s);
  text_copy(&s.text, string.s);
  text_string(&s.text);
  text_ready(&s.status, 1), text_string(&s.status);
  text_ready(&s.policy, 1), text_string(&s.policy);
  text_string(&s.remote);
  check_report(&s, string.s);
  json_string(&json, string.s);
  send_result_free(&result);
  said_free(&s);
  text_free(&string);
  text_free(&json);
  return 0;
}
