#include "ldapsync/certificates.h"

#include <string.h>

#include "ldapsync/control.h"
#include "lib/conf.h"
#include "lib/fingerprint.h"

static const char *add_line(struct table *policy, const char *line, const char *end)
{
  text value = TEXT_ZERO, login = TEXT_ZERO, more = TEXT_ZERO, hex = TEXT_ZERO, record = TEXT_ZERO;
  const char *wrong = 0;

  if (memchr(line, 0, (size_t)(end - line)) || !control_word(&line, end, &value) || !control_word(&line, end, &login) || control_word(&line, end, &more))
    wrong = "not \"SHA256 LOGIN\"";
  else if (!fingerprint_parse(text_string(&value), &hex))
    wrong = "the first word is no SHA-256 in hex";
  else {
    login_fold(&login);
    record_add_bytes(&record, "login", login.s, login.len);
    if (!table_add(policy, "certificate", text_string(&hex), &record)) wrong = "this certificate is in a line before";
    table_add(policy, "certificate", "*", &record); /* that there is one at all: clients are asked for a certificate */
  }
  text_free(&value);
  text_free(&login);
  text_free(&more);
  text_free(&hex);
  text_free(&record);
  return wrong;
}

bool certificates_parse(struct table *policy, const char *path, const text *bytes, text *error)
{
  size_t at = 0, number = 0, length;
  const char *line, *wrong = 0;

  while (!wrong && conf_next_line(bytes, &at, &number, &line, &length)) wrong = add_line(policy, line, line + length);
  return wrong ? control_wrong(error, path, number, wrong) : true;
}

void certificates_ask(struct table *policy)
{
  text record = TEXT_ZERO;

  record_add(&record, "login", "");
  table_add(policy, "certificate", "*", &record);
  text_free(&record);
}

void certificates_read(struct table *policy) { control_records("control/certificates", certificates_parse, policy); }
