/* The line files of control/: any bytes are records or an error that names a line. The first byte chooses the file. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ldapsync/addressfiles.h"
#include "ldapsync/allowed.h"
#include "ldapsync/certificates.h"
#include "ldapsync/control.h"
#include "ldapsync/dn.h"
#include "ldapsync/networks.h"
#include "ldapsync/rules.h"
#include "ldapsync/sendas.h"
#include "ldapsync/tlspolicy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(const text *error)
{
  if (!error->len || strncmp(error->s, "f line ", 7)) abort();
}

static void check_table(bool (*parse)(struct table *, const char *, const text *, text *), const text *bytes)
{
  struct table t = TABLE_ZERO;
  text error = TEXT_ZERO, record;
  size_t key = 0, at = 0;

  if (!parse(&t, "f", bytes, &error)) check_error(&error);
  while (table_next(&t, &key, &at, &record))
    if (!record_check(&record)) abort();
  table_free(&t);
  text_free(&error);
}

static void check_allowed(const text *bytes)
{
  text record = TEXT_ZERO, error = TEXT_ZERO;
  size_t left_out;

  if (!allowed_parse(&record, "f", bytes, &left_out, &error)) check_error(&error);
  if (!record_check(&record)) abort();
  text_free(&record);
  text_free(&error);
}

static void check_sendas(const text *bytes)
{
  struct sendas s = SENDAS_ZERO;
  text error = TEXT_ZERO;

  if (!sendas_parse(&s, "f", bytes, &error)) check_error(&error);
  for (size_t i = 0; i < s.count; i++) {
    if (!record_check(&s.all[i]->record)) abort();
    text_free(&s.all[i]->record);
    free(s.all[i]->login);
    free(s.all[i]);
  }
  free(s.all);
  map_free(&s.by_login);
  text_free(&s.words);
  text_free(&error);
}

static void check_internal(const text *bytes)
{
  struct names internal = NAMES_ZERO;
  text error = TEXT_ZERO;

  if (!internal_parse(&internal, "f", bytes, &error)) check_error(&error);
  names_free(&internal);
  text_free(&error);
}

/* A name and a DN, which fold to the same at any time. */
static void check_names(const text *bytes)
{
  text string = TEXT_ZERO, once = TEXT_ZERO, again = TEXT_ZERO;

  text_add_text(&string, bytes);
  text_string(&string);
  control_name(string.s, &once);
  addressfile_key(string.s, &once);
  dn_fold(string.s, &once);
  dn_fold(string.s, &again);
  if (strcmp(once.s, again.s)) abort();
  text_free(&string);
  text_free(&once);
  text_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (!size) return 0;
  text bytes = { .s = (char *)data + 1, .len = size - 1 };
  switch (data[0] % 10) {
  case 0: check_table(mynetworks_parse, &bytes); break;
  case 1: check_table(block_parse, &bytes); break;
  case 2: check_table(bypass_parse, &bytes); break;
  case 3: check_allowed(&bytes); break;
  case 4: check_sendas(&bytes); break;
  case 5: check_internal(&bytes); break;
  case 8: check_table(certificates_parse, &bytes); break;
  case 7: check_table(tlspolicy_parse, &bytes); break;
  default: check_names(&bytes); break;
  }
  return 0;
}
