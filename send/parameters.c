#include "send/parameters.h"

#include <string.h>

#include "lib/xtext.h"

void transaction_parameters_add(const struct transaction *t, const struct extensions *offers, text *out)
{
  if (offers->dsn && t->ret) text_add(out, !strcmp(t->ret, "full") ? " RET=FULL" : " RET=HDRS");
  if (offers->dsn && t->envid) {
    text_add(out, " ENVID=");
    xtext_add(out, t->envid);
  }
  if (offers->requiretls && t->requires_tls) text_add(out, " REQUIRETLS");
  if (offers->priority && t->priority) {
    text_add(out, " MT-PRIORITY=");
    text_add(out, t->priority);
  }
}

static void add_upper(text *out, const char *words)
{
  for (; *words; words++) text_add_char(out, *words >= 'a' && *words <= 'z' ? (char)(*words - 'a' + 'A') : *words);
}

/* An address in UTF-8 stays so within a transaction in UTF-8, but for the bytes that would end it (RFC 6533 3). */
static void add_original(text *out, const char *original, bool is_utf8)
{
  if (string_is_ascii(original))
    xtext_add(out, original);
  else if (!is_utf8)
    xtext_add_utf8(out, original);
  else
    for (; *original; original++)
      if (*original == ' ' || strchr("\\+=", *original))
        text_add_format(out, "\\x{%X}", (unsigned int)(unsigned char)*original);
      else
        text_add_char(out, *original);
}

void transaction_recipient_parameters_add(const struct transaction *t, const struct extensions *offers, size_t recipient,
                                      bool is_utf8, text *out)
{
  if (!offers->dsn) return;
  if (t->notify[recipient]) {
    text_add(out, " NOTIFY=");
    add_upper(out, t->notify[recipient]);
  }
  if (t->originals[recipient]) {
    text_add(out, " ORCPT=");
    add_original(out, t->originals[recipient], is_utf8);
  }
}
