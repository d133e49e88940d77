/* header_line.h - one line of a response's head. Private to this folder. */
#ifndef R2D_HTTP_HEADER_LINE_H
#define R2D_HTTP_HEADER_LINE_H

#include "../base/bytes.h"

/* Whether two texts are the same but for the case of ASCII letters, whatever the locale. */
bool r2d_http_same_text(R2dView a, R2dView b);

/* The value of a "name: value" line without the blanks around it; its line end may still be there.
 * false when the line has another name. */
bool r2d_http_header_value(R2dView line, R2dView name, R2dView *value);

#endif
