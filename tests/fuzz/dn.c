/* What a directory server says: DNs: any bytes become something without a space at an edge, and what was folded stays as it is.
   Conditions, ranges, objectGUIDs, reasons of a bind: any bytes are one or none. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/bind_cause.h"
#include "ldapsync/condition.h"
#include "ldapsync/dn.h"
#include "ldapsync/quota.h"
#include "ldapsync/keys.h"
#include "ldapsync/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  text input = TEXT_ZERO, folded = TEXT_ZERO, again = TEXT_ZERO;
  struct range r;

  text_add_bytes(&input, (const char *)data, size);
  dn_fold(text_string(&input), &folded);
  dn_fold(folded.s, &again);
  if (strcmp(folded.s, again.s) || (folded.len && (folded.s[0] == ' ' || folded.s[folded.len - 1] == ' '))) abort();
  condition_holds('&', "2", input.s, size, 0);
  condition_holds('<', "filetime", input.s, size, 0);
  condition_holds('<', "days", input.s, size, INT64_MAX);
  condition_holds('<', "date", input.s, size, 0);
  uint64_t bytes = 0;
  if (quota_parse(input.s, size, 1024, &bytes) && bytes > INT64_MAX) abort();
  if (key_guid(&again, input.s, size) && !key_check(again.s)) abort();
  if (range_parse(input.s, &r) && (!r.name_length || r.name_length > size || (!r.is_end && r.last < r.first))) abort();
  const char *cause = bind_cause(input.s);
  if (cause && !*cause) abort();
  text_free(&input);
  text_free(&folded);
  text_free(&again);
  return 0;
}
