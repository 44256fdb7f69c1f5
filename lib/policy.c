#include <string.h>

#include "lib/conf.h"
#include "lib/die.h"
#include "lib/policy.h"

bool policy_is_accepted(const struct policy_decision *d) { return d->code / 100 == 2; }

void policy_decide(struct policy_decision *d, unsigned int code, const char *status, const char *rule, const char *from)
{
  d->code = code;
  d->status = status;
  d->rule = rule;
  text_clear(&d->text);
  text_string(&d->text);
  text_copy(&d->from, from);
  text_string(&d->from);
}

void policy_decision_free(struct policy_decision *d)
{
  text_free(&d->text);
  text_free(&d->from);
}

bool policy_enforce_sender(void)
{
  text value = TEXT_ZERO;

  conf_value("enforcesender", &value, "no");
  bool yes = text_is(&value, "yes");
  if (!yes && !text_is(&value, "no"))
    die_permanent("control/enforcesender: not \"yes\" or \"no\": ", text_string(&value));
  text_free(&value);
  return yes;
}

void policy_postmaster(text *address) { conf_address("doublebounceto", "doublebouncehost", address, ""); }
