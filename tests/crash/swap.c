/* swap: another generation becomes current, and the base of the one before goes, in the very moment in which who has seen that one opens the base.

     SWAP=tables/BASE LD_PRELOAD=build/tests/crash/swap.so program

   Before the first file below SWAP is opened, tables/.next is renamed to tables/current and SWAP to aside. */

#undef _FORTIFY_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int open(const char *path, int flags, ...)
{
  static int is_done;
  const char *swap = getenv("SWAP");
  va_list arguments;

  va_start(arguments, flags);
  unsigned int mode = flags & O_CREAT ? va_arg(arguments, unsigned int) : 0;
  va_end(arguments);
  if (swap && !is_done && !strncmp(path, swap, strlen(swap))) {
    is_done = 1;
    if (rename("tables/.next", "tables/current") || rename(swap, "aside")) abort();
  }
  return ((__typeof__(&open))dlsym(RTLD_NEXT, "open"))(path, flags, mode);
}
