/* column_names.c - which file column a key of a line names. */
#include "column_names.h"

static uint64_t hash_name(R2dView name)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * UINT64_C(0x100000001B3);
    return hash ^ hash >> 32;
}

static bool needs_escape(R2dView name)
{
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.data[i];
        if (c < 0x20 || c == '"' || c == '\\')
            return true;
    }
    return false;
}

static char *write_expected(R2dExpectedKey *key, R2dView name, char *text)
{
    if (needs_escape(name))
        return text;
    key->text = text;
    key->len = name.len + 3;
    text[0] = '"';
    memcpy(text + 1, name.data, name.len);
    memcpy(text + 1 + name.len, "\":", 2);
    size_t head_len = key->len < 8 ? key->len : 8;
    unsigned char ones[8];
    memset(ones, 0xFF, sizeof ones);
    memcpy(&key->head, text, head_len);
    memcpy(&key->mask, ones, head_len);
    return text + key->len;
}

static void add_slot(R2dColumnNames *names, int column)
{
    size_t slot = hash_name(names->names[column]) & names->slot_mask;
    while (names->slots[slot] != 0)
        slot = (slot + 1) & names->slot_mask;
    names->slots[slot] = column + 1;
}

bool r2d_column_names_init(R2dColumnNames *names, const R2dAlloc *alloc, const R2dView *columns,
                           int count)
{
    size_t slot_count = 4, text_len = 0;
    while (slot_count < (size_t)count * 2)
        slot_count *= 2;
    for (int i = 0; i < count; i++)
        text_len += columns[i].len + 3;
    *names = (R2dColumnNames){.alloc = alloc, .names = columns, .count = count};
    names->slot_mask = slot_count - 1;
    names->expected = r2d_new(alloc, (size_t)count * sizeof *names->expected);
    names->text = r2d_new(alloc, text_len);
    names->slots = r2d_new(alloc, slot_count * sizeof *names->slots);
    if (names->expected == NULL || names->text == NULL || names->slots == NULL) {
        r2d_column_names_free(names);
        return false;
    }
    char *text = names->text;
    for (int i = 0; i < count; i++) {
        text = write_expected(&names->expected[i], columns[i], text);
        add_slot(names, i);
    }
    return true;
}

void r2d_column_names_free(R2dColumnNames *names)
{
    r2d_release(names->alloc, names->expected);
    r2d_release(names->alloc, names->text);
    r2d_release(names->alloc, names->slots);
    *names = (R2dColumnNames){.alloc = names->alloc};
}

int r2d_column_names_find(const R2dColumnNames *names, R2dView name)
{
    size_t slot = hash_name(name) & names->slot_mask;
    while (names->slots[slot] != 0) {
        int column = names->slots[slot] - 1;
        if (r2d_view_equal(names->names[column], name))
            return column;
        slot = (slot + 1) & names->slot_mask;
    }
    return -1;
}
