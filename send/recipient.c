#include "send/recipient.h"

#include <string.h>

enum { ADDRESS_BYTES_MAX = 1000 };

bool send_recipient_is_sayable(const char *address)
{
  bool is_quoted = false;
  size_t length = strlen(address);

  for (const char *c = address; *c; c++) {
    if ((unsigned char)*c < ' ' || *c == 0x7f) return false;
    if (*c == '"') is_quoted = !is_quoted;
    if (*c == '\\' && is_quoted && c[1]) c++;
    if (!is_quoted && (*c == ' ' || *c == '<' || *c == '>')) return false;
    if ((unsigned char)*c < ' ' || *c == 0x7f) return false; /* the byte behind a backslash */
  }
  return length <= ADDRESS_BYTES_MAX && !is_quoted;
}

/* By the status, if there is one: X.5.3. Else 452 says so, and 552 in RFC 821's words. */
static bool says_too_many(const struct reply *reply)
{
  char status[REPLY_STATUS_MAX];

  if (send_reply_status(reply, status)) return !strcmp(status + 1, ".5.3");
  return reply->code == 452 || reply->code == 552;
}

void send_recipient_refuse(struct outcome *o, const struct reply *reply, bool has_others)
{
  char status[REPLY_STATUS_MAX];

  send_outcome_take(o, reply, "1.0");
  if (!says_too_many(reply)) return;
  if (!has_others && !send_reply_status(reply, status)) return; /* too many of one? His mailbox is full, or the disk */
  o->kind = OUTCOME_LATER;
  memcpy(o->status, "4.5.3", 6);
  o->is_left = has_others;
}

bool send_recipient_reopen(struct outcome *all, size_t count)
{
  bool is_any = false;

  for (size_t i = 0; i < count; i++)
    if (all[i].kind == OUTCOME_LATER && all[i].is_left) {
      all[i].kind = OUTCOME_OPEN;
      all[i].is_left = false;
      is_any = true;
    }
  return is_any;
}
