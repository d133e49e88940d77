/* xml.c - the flat XML reader: expat's events, folded into "element ended". */
#include "xml.h"

#include <expat.h>
#include <limits.h>

struct R2dXml {
    const R2dAlloc *alloc;
    XML_Parser parser;
    R2dXmlVisitor visitor;
    void *context;
    R2dBytes path;
    R2dBytes text;
    int depth;
    bool is_leaf;   /* no child has ended since the last start */
    bool stopped;   /* by the visitor or a failure; expat may still send an event or two */
    R2dError error; /* kind R2D_ERR_NONE: none */
};

static void stop(R2dXml *xml)
{
    xml->stopped = true;
    XML_StopParser(xml->parser, XML_FALSE);
}

static void on_start(void *context, const XML_Char *name, const XML_Char **attributes)
{
    R2dXml *xml = context;
    (void)attributes;
    if (xml->stopped)
        return;
    xml->text.len = 0;
    xml->is_leaf = true;
    if (++xml->depth > R2D_XML_DEPTH_MAX)
        r2d_fail(&xml->error, R2D_ERR_LIMIT, "XML is nested more than %d deep", R2D_XML_DEPTH_MAX);
    else if ((xml->depth > 1 && !r2d_bytes_append_char(&xml->path, '/')) ||
             !r2d_bytes_append_text(&xml->path, name))
        r2d_fail_memory(&xml->error);
    if (xml->error.kind != R2D_ERR_NONE)
        stop(xml);
}

static void on_end(void *context, const XML_Char *name)
{
    R2dXml *xml = context;
    if (xml->stopped)
        return;
    R2dView text = xml->is_leaf ? r2d_bytes_view(&xml->text) : r2d_view(NULL, 0);
    if (!xml->visitor(xml->context, r2d_bytes_view(&xml->path), text))
        stop(xml);
    xml->depth--;
    xml->path.len -= strlen(name) + (xml->depth > 0);
    xml->text.len = 0;
    xml->is_leaf = false;
}

static void on_text(void *context, const XML_Char *text, int len)
{
    R2dXml *xml = context;
    if (xml->stopped || !xml->is_leaf)
        return;
    if (xml->text.len + (size_t)len > R2D_XML_TEXT_MAX)
        r2d_fail(&xml->error, R2D_ERR_LIMIT, "an XML element holds more than %d bytes",
                 R2D_XML_TEXT_MAX);
    else if (!r2d_bytes_append(&xml->text, text, (size_t)len))
        r2d_fail_memory(&xml->error);
    if (xml->error.kind != R2D_ERR_NONE)
        stop(xml);
}

static void on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
                       const XML_Char *public_id, int has_internal_subset)
{
    R2dXml *xml = context;
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    r2d_fail(&xml->error, R2D_ERR_DATA, "XML with a document type is not accepted");
    stop(xml);
}

R2dStatus r2d_xml_open(const R2dAlloc *alloc, R2dXmlVisitor visitor, void *context, R2dXml **xml,
                       R2dError *err)
{
    *xml = NULL;
    R2dXml *reader = r2d_new(alloc, sizeof *reader);
    if (reader == NULL)
        return r2d_fail_memory(err);
    *reader = (R2dXml){.alloc = alloc, .visitor = visitor, .context = context};
    r2d_bytes_init(&reader->path, alloc);
    r2d_bytes_init(&reader->text, alloc);
    reader->parser = XML_ParserCreate(NULL);
    if (reader->parser == NULL) {
        r2d_xml_free(reader);
        return r2d_fail_memory(err);
    }
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
    *xml = reader;
    return R2D_OK;
}

void r2d_xml_free(R2dXml *xml)
{
    if (xml == NULL)
        return;
    if (xml->parser != NULL)
        XML_ParserFree(xml->parser);
    r2d_bytes_free(&xml->path);
    r2d_bytes_free(&xml->text);
    r2d_release(xml->alloc, xml);
}

static R2dStatus explain(R2dXml *xml, R2dError *err)
{
    enum XML_Error code = XML_GetErrorCode(xml->parser);
    if (xml->error.kind == R2D_ERR_NONE && code == XML_ERROR_NO_MEMORY)
        r2d_fail_memory(&xml->error);
    if (xml->error.kind == R2D_ERR_NONE)
        r2d_fail(&xml->error, R2D_ERR_DATA, "not XML: %s", XML_ErrorString(code));
    xml->stopped = true;
    if (err != NULL)
        *err = xml->error;
    return R2D_FAILED;
}

R2dStatus r2d_xml_feed(R2dXml *xml, R2dView chunk, bool last, R2dError *err)
{
    if (xml->error.kind != R2D_ERR_NONE)
        return explain(xml, err);
    while (!xml->stopped) {
        int len = chunk.len > INT_MAX ? INT_MAX : (int)chunk.len;
        bool is_last = last && (size_t)len == chunk.len;
        enum XML_Status status = XML_Parse(xml->parser, chunk.data, len, is_last);
        if (status != XML_STATUS_OK && (!xml->stopped || xml->error.kind != R2D_ERR_NONE))
            return explain(xml, err);
        if ((size_t)len == chunk.len)
            break;
        chunk = r2d_view(chunk.data + len, chunk.len - (size_t)len);
    }
    return R2D_OK;
}

R2dStatus r2d_xml_read(const R2dAlloc *alloc, R2dView text, R2dXmlVisitor visitor, void *context,
                       R2dError *err)
{
    R2dXml *xml;
    R2dStatus status = r2d_xml_open(alloc, visitor, context, &xml, err);
    if (status == R2D_OK)
        status = r2d_xml_feed(xml, text, true, err);
    r2d_xml_free(xml);
    return status;
}
