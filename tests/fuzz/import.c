/* mailadm import: any bytes are entries with records, or errors. The first byte chooses the kind of file. */

#include <stdint.h>
#include <stdlib.h>

#include "admin/import_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  text line = TEXT_ZERO, record = TEXT_ZERO, error = TEXT_ZERO;
  size_t at = 0, lines = 0, number = 0;

  if (!size) return 0;
  enum import_kind kind = (enum import_kind)(data[0] % (IMPORT_PASSWD + 1));
  text bytes = { .s = (char *)data + 1, .len = size - 1 };
  while (import_next(&bytes, kind, &at, &lines, &number, &line)) {
    if (number > lines || !line.len) abort();
    if (!import_parse(kind, &line, &record, &error) ? !error.len : !record_check(&record) || !record.len) abort();
  }
  text_free(&line);
  text_free(&record);
  text_free(&error);
  return 0;
}
