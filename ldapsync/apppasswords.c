#include "ldapsync/apppasswords.h"

#include "ldapsync/control.h"
#include "ldapsync/keys.h"
#include "lib/apppassword.h"
#include "lib/die.h"

static const char *const known[] = { "app", 0 };

static void read_one(void *to, const char *path, const char *name)
{
  text fields = TEXT_ZERO;
  struct apppassword app = APPPASSWORD_ZERO;
  size_t at = 0;

  if (!key_check(name)) die_permanent(path, ": its name is no mailbox's key");
  control_fields(path, known, &fields);
  for (const char *line; (line = record_next(&fields, "app", &at));)
    if (!apppassword_parse(&app, line)) control_refuse(path, "app", line, "it is no app password: mailadm apppassword makes them");
  if (fields.len) table_add(to, "app", name, &fields);
  apppassword_free(&app);
  text_wipe(&fields);
}

void apppasswords_read(struct table *auth) { control_folder("apppasswords", read_one, auth); }
