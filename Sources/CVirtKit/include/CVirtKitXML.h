// libxml2's binary interface, as far as VirtKitLibvirt uses it: the library is loaded at run time, so its headers need not
// be installed. The layouts are those of <libxml/parser.h> (struct _xmlSAXHandler) and <libxml/xmlerror.h> (struct
// _xmlError), the same in every release since 2.6; a test holds them against the headers where they are installed.
#ifndef CVIRTKIT_XML_H
#define CVIRTKIT_XML_H

#include <stdint.h>

/// struct _xmlError.
struct vk_xml_error {
    int domain;
    int code;
    char *message;
    /// xmlErrorLevel: 1 is a warning, 2 an error that one can recover from, 3 a fatal one.
    int level;
    char *file;
    int line;
    char *str1;
    char *str2;
    char *str3;
    int int1;
    /// The column.
    int int2;
    void *context;
    void *node;
};

/// struct _xmlSAXHandler: what a parser calls. The first argument of each is the parser's user data.
struct vk_xml_sax {
    void (*internalSubset)(void *data, const uint8_t *name, const uint8_t *externalID, const uint8_t *systemID);
    void *isStandalone;
    void *hasInternalSubset;
    void *hasExternalSubset;
    void *resolveEntity;
    void *getEntity;
    void *entityDecl;
    void *notationDecl;
    void *attributeDecl;
    void *elementDecl;
    void *unparsedEntityDecl;
    void *setDocumentLocator;
    void *startDocument;
    void *endDocument;
    void *startElement;
    void *endElement;
    void *reference;
    void (*characters)(void *data, const uint8_t *text, int length);
    void (*ignorableWhitespace)(void *data, const uint8_t *text, int length);
    void (*processingInstruction)(void *data, const uint8_t *target, const uint8_t *text);
    void (*comment)(void *data, const uint8_t *text);
    void *warning;
    void *error;
    void *fatalError;
    void *getParameterEntity;
    void (*cdataBlock)(void *data, const uint8_t *text, int length);
    void *externalSubset;
    /// XML_SAX2_MAGIC, which makes the fields below valid.
    unsigned int initialized;
    void *reserved;
    /// `namespaces` are pairs of prefix and URI; `attributes` groups of five: name, prefix, URI, the value's start and
    /// its end.
    void (*startElementNs)(void *data, const uint8_t *name, const uint8_t *prefix, const uint8_t *uri,
                           int namespaceCount, const uint8_t **namespaces, int attributeCount, int defaultedCount,
                           const uint8_t **attributes);
    void (*endElementNs)(void *data, const uint8_t *name, const uint8_t *prefix, const uint8_t *uri);
    void (*structuredError)(void *data, const struct vk_xml_error *error);
};

/// XML_SAX2_MAGIC.
static const unsigned int vk_XML_SAX2_MAGIC = 0xDEEDBEAF;
/// XML_PARSE_NOENT: predefined entities are replaced in attributes too. (There are no others: no document type
/// declaration comes as far as the parser.)
static const int vk_XML_PARSE_NOENT = 1 << 1;
/// XML_PARSE_NONET.
static const int vk_XML_PARSE_NONET = 1 << 11;
/// XML_PARSE_HUGE: no limits of libxml2's own.
static const int vk_XML_PARSE_HUGE = 1 << 19;
/// XML_PARSE_IGNORE_ENC: the text is UTF-8, whatever its declaration says.
static const int vk_XML_PARSE_IGNORE_ENC = 1 << 21;
/// XML_WAR_NS_URI: a namespace's name is not a URI, which does no harm.
static const int vk_XML_WAR_NS_URI = 99;

#endif
