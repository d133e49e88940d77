/*
 * xml.h - the small XML of S3, read as a flat run of elements. A thin reader over expat,
 * the only file that uses it. Never on the row path.
 *
 * A document type is refused, so there are no entities but the five predefined ones, and nothing
 * expands. expat takes its memory from malloc (its hooks carry no context); the reader's own comes
 * from the allocator.
 */
#ifndef R2D_XML_H
#define R2D_XML_H

#include "bytes.h"
#include "status.h"

#define R2D_XML_DEPTH_MAX 32
#define R2D_XML_TEXT_MAX  (1024 * 1024) /* character data of one element */

/*
 * Called when an element ends. path has the names from the root down, as written, joined by '/':
 * "ListBucketResult/Contents/Key". text is the character data of a leaf, as UTF-8; empty for an
 * element that had children (it ends after them, so a group can be settled here). Both are lent
 * for the call. Returns false to stop. It runs inside expat: it records and returns, it must not
 * jump.
 */
typedef bool (*R2dXmlVisitor)(void *context, R2dView path, R2dView text);

typedef struct R2dXml R2dXml;

R2dStatus r2d_xml_open(const R2dAlloc *alloc, R2dXmlVisitor visitor, void *context, R2dXml **xml,
                       R2dError *err);
void r2d_xml_free(R2dXml *xml); /* NULL is fine */

/*
 * Reads the next bytes of the document, cut anywhere; `last` with the last of them (which may be
 * empty). R2D_ERR_DATA with the line when they are not XML. Once the visitor has said stop, the
 * rest is not looked at and the answer is R2D_OK: the visitor's context knows why.
 */
R2dStatus r2d_xml_feed(R2dXml *xml, R2dView chunk, bool last, R2dError *err);

/* open, feed, free for a document that is there as a whole. */
R2dStatus r2d_xml_read(const R2dAlloc *alloc, R2dView text, R2dXmlVisitor visitor, void *context,
                       R2dError *err);

#endif
