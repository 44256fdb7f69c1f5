#include <string.h>
#include <time.h>

#include "lib/cause.h"
#include "queue/show.h"

enum { COLUMN = 41 }; /* of sender and recipients */

void queue_mailq_head(text *out) { text_add(out, "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n"); }

static void add_time(text *out, uint64_t seconds)
{
  time_t t = (time_t)seconds;
  struct tm parts;
  char shown[40] = "";

  if (localtime_r(&t, &parts)) strftime(shown, sizeof shown, "%a %b %e %H:%M:%S", &parts);
  text_add(out, shown);
}

/* '!' held; '*' being tried is not known here: nobody is asked. */
static char mark(const struct envelope *e)
{
  bool has_held = false;

  for (size_t i = 0; i < e->count; i++) {
    if (strchr(ENVELOPE_TO_TRY, e->recipients[i].state)) return ' ';
    has_held = has_held || strchr(ENVELOPE_KEPT, e->recipients[i].state);
  }
  return has_held ? '!' : ' ';
}

static void add_reason(text *out, const struct said *s)
{
  text_add_char(out, '(');
  queue_show_said(out, s);
  text_add(out, ")\n");
}

void queue_mailq_add(text *out, const struct queue_file *f, const struct said *said)
{
  const struct envelope *e = &f->envelope;

  text_add_text(out, &e->id);
  text_add_format(out, "%c %8llu ", mark(e), (unsigned long long)f->size_bytes);
  add_time(out, e->birth_seconds);
  text_add(out, "  ");
  queue_show_plain(out, e->sender.len ? e->sender.s : "MAILER-DAEMON");
  text_add_char(out, '\n');
  for (size_t i = 0; i < e->count; i++) {
    if (!cause_is_to_go(&e->recipients[i])) continue;
    if (said[i].attempt) add_reason(out, &said[i]);
    text_add_format(out, "%*s", COLUMN, "");
    queue_show_plain(out, e->recipients[i].address);
    text_add_char(out, '\n');
  }
  text_add_char(out, '\n');
}

void queue_mailq_sum(text *out, size_t messages, uint64_t bytes)
{
  if (messages)
    text_add_format(out, "-- %llu Kbytes in %zu Request%s.\n", (unsigned long long)(bytes + 1023) / 1024, messages,
                    messages == 1 ? "" : "s");
  else
    text_add(out, "Mail queue is empty\n");
}
