#include "admin/master.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <skalibs/random.h>

#include "lib/die.h"
#include "lib/file.h"
#include "lib/password.h"
#include "lib/user.h"

enum { PASSWORD_LENGTH = 32 };

void master_vmail(const char *const *arguments, bool is_json)
{
  char password[PASSWORD_LENGTH + 1] = { 0 };
  text stored = TEXT_ZERO;

  (void)arguments;
  (void)is_json;
  random_name(password, PASSWORD_LENGTH);
  password_hash(&stored, password);
  text_add_char(&stored, '\n');
  if (!file_replace("control", ".vmail", &stored, 0400)) die_unable("write control/.vmail");
  if (!getuid() && chown("control/.vmail", user_uid("mail-auth"), 0) == -1) die_unable("give control/.vmail to mail-auth");
  if (rename("control/.vmail", "control/vmail") == -1 || !folder_sync("control")) die_unable("write control/vmail");
  printf("%s\n", password);
  if (fflush(stdout)) die_unable("write");
  explicit_bzero(password, sizeof password);
  text_wipe(&stored);
}
