#include "deliver/record.h"

#include "lib/conf.h"

uint64_t deliver_record_quota(const text *mailbox)
{
  uint64_t bytes = 0;

  if (!record_find(mailbox, "quota")) return conf_size("defaultquotasize", 0);
  return record_number(mailbox, "quota", INT64_MAX, &bytes) ? bytes : 0;
}

bool deliver_record_find(struct tables *policy, struct place *place, text *mailbox, const char *key, const char **error)
{
  *error = "unable to read policy.cdb";
  if (!policy->file) return false;
  switch (tables_find(policy, "mailbox", key, mailbox)) {
  case LOOKUP_BROKEN: return false;
  case LOOKUP_ABSENT: *error = "there is no such mailbox"; return false;
  case LOOKUP_FOUND: return deliver_place_parse(place, mailbox, conf_number("minimumuid", 1000, UINT32_MAX), error);
  }
  return false;
}
