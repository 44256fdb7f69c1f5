#include <stdarg.h>
#include <string.h>

#include "lib/hmac.h"
#include "lib/mac.h"

void mac_strings(unsigned char *mac, const unsigned char *key, ...)
{
  struct hmac m;
  va_list strings;

  hmac_begin(&m, &hmac_sha_256, key, MAC_KEY_SIZE);
  va_start(strings, key);
  for (const char *string; (string = va_arg(strings, const char *));) hmac_add(&m, string, strlen(string) + 1);
  va_end(strings);
  hmac_end(&m, mac);
}

void mac_bytes(unsigned char *mac, const char *key, size_t key_length, const char *bytes, size_t length)
{
  hmac_bytes(&hmac_sha_256, mac, key, key_length, bytes, length);
}

void mac_stretch(unsigned char *mac, const char *password, size_t length, const char *salt, size_t salt_length,
                 unsigned int iterations)
{
  hmac_stretch(&hmac_sha_256, mac, password, length, salt, salt_length, iterations);
}
