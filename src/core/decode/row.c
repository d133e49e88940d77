/* row.c - filling an R2dReason. */
#include "row.h"

#include <stdio.h>

void r2d_reason_set(R2dReason *reason, const char *code, const char *format, ...)
{
    char text[sizeof reason->text * 2];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    r2d_text_copy(reason->code, sizeof reason->code, code, strlen(code));
    r2d_text_copy(reason->text, sizeof reason->text, text, strlen(text));
}
