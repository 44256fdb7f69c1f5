#include "deliver/powers.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/die.h"

void powers_shed(void)
{
  const uint32_t kept = 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_CHOWN | 1u << CAP_KILL;
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct data[2] = { { .effective = kept, .permitted = kept } };

  for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
    if (capability > 31 || !(kept & 1u << capability)) prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  if (syscall(SYS_capset, &header, data) == -1) die_unable("give capabilities up");
}

void powers_limit(uint64_t memory_bytes)
{
  const struct rlimit none = { 0, 0 }, memory = { memory_bytes, memory_bytes }; /* of its own: what is mapped does not count */

  if (setrlimit(RLIMIT_NPROC, &none) == -1 || setrlimit(RLIMIT_DATA, &memory) == -1) die_unable("limit the process");
}
