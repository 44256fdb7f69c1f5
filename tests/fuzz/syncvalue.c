/* ldapsync/syncvalue: any bytes as a value of RFC 4533: what is read lies inside the bytes. */

#include <stdint.h>
#include <stdlib.h>

#include "ldapsync/syncvalue.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

const char *PROG = "fuzz";

static void check_inside(const uint8_t *bytes, size_t length, const unsigned char *part, size_t part_length)
{
  if (part && (part < bytes || part + part_length > bytes + length)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
  struct syncvalue_entry e;
  struct syncvalue_info i;

  if (syncvalue_entry_parse(bytes, length, &e)) {
    if (!e.uuid) abort();
    check_inside(bytes, length, e.uuid, SYNCVALUE_UUID);
    check_inside(bytes, length, e.cookie.bytes, e.cookie.length);
  }
  if (syncvalue_info_parse(bytes, length, &i)) {
    size_t count = i.ids.length / (SYNCVALUE_UUID + 2);
    check_inside(bytes, length, i.cookie.bytes, i.cookie.length);
    for (const unsigned char *id; (id = syncvalue_next_id(&i.ids)); count--) check_inside(bytes, length, id, SYNCVALUE_UUID);
    if (count > length) abort(); /* more ids than there is room for */
  }
  return 0;
}
