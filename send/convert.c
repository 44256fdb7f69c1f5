#include <stdlib.h>

#include "lib/die.h"
#include "send/convert.h"

static const char unreadable[] = "the queue file cannot be read";

bool send_convert_read(struct message *m, uint64_t at) { return (m->is_whole && m->bytes.len) || send_message_read(m, at); }

bool send_convert_is_unreadable(const char *fault) { return fault == unreadable; }

struct sevenbit *send_convert_open(struct message *m, const char **fault)
{
  struct sevenbit *s = calloc(1, sizeof *s);

  if (!s) die_nomem();
  s->is_own = m->is_own;
  send_sevenbit_begin(s, false);
  *fault = unreadable;
  for (uint64_t at = 0; at < m->size; at += m->bytes.len) {
    if (!send_convert_read(m, at)) return s;
    send_sevenbit_add(s, m->bytes.s, m->bytes.len, 0);
  }
  send_sevenbit_end(s, 0);
  *fault = s->fault;
  if (!s->fault) send_sevenbit_begin(s, true);
  return s;
}

void send_convert_add(struct sevenbit *s, const text *bytes, struct data *data, text *out)
{
  text converted = TEXT_ZERO;

  if (s) {
    send_sevenbit_add(s, bytes->s, bytes->len, &converted);
    bytes = &converted;
  }
  send_data_add(data, bytes->s, bytes->len, out);
  text_free(&converted);
}

void send_convert_end(struct sevenbit *s, struct data *data, text *out)
{
  text converted = TEXT_ZERO;

  if (s) {
    send_sevenbit_end(s, &converted);
    send_data_add(data, converted.s, converted.len, out);
  }
  send_data_end(data, out);
  text_free(&converted);
}

void send_convert_close(struct sevenbit *s)
{
  if (s) send_sevenbit_free(s);
  free(s);
}
