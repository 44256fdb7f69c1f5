#include "admin/mxhosts.h"

#include <string.h>

#include "lib/address.h"
#include "lib/conf.h"
#include "lib/die.h"

void mxhosts_read(text *lines)
{
  text_clear(lines);
  if (conf_lines("mxhosts", lines) && lines->len) return;
  conf_me(lines);
  text_add_char(lines, 0);
}

bool mxhosts_next(const text *lines, size_t *at, struct mx_host *host)
{
  if (*at >= lines->len) return false;
  const char *line = lines->s + *at, *rest = line + strcspn(line, " \t");
  text name = TEXT_ZERO;

  *at += strlen(line) + 1;
  host->preference = 10;
  text_copy_bytes(&name, line, (size_t)(rest - line));
  rest += strspn(rest, " \t");
  if (!domain_fold(text_string(&name), name.len, &host->name) || (*rest && !number_scan(rest, 65535, &host->preference)))
    die_permanent("control/mxhosts: ", line, " is not HOST or HOST PREFERENCE, a number up to 65535");
  text_string(&host->name);
  text_free(&name);
  return true;
}
