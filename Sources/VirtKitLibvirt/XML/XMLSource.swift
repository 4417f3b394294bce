internal import Glibc
internal import VirtKitCore

extension XML {
    /// A document's text as UTF-8, and what was seen in it before the parser gets it.
    struct Source {
        let bytes: [UInt8]
        let declaration: Declaration?

        /// Takes text that is UTF-8 already, whatever its declaration says.
        init(text: [UInt8], limits: Limits) throws(VirtKitError) {
            try Source.checkSize(text.count, limits)
            bytes = text.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(text.dropFirst(3)) : text
            declaration = Source.declaration(of: bytes)
            try bytes.withUnsafeBufferPointer { (bytes) throws(VirtKitError) in try Source.scan(bytes, limits) }
        }

        /// Takes a file's bytes in UTF-8, UTF-16, ISO-8859-1 or ASCII. (XML 1.0, appendix F)
        init(file: [UInt8], limits: Limits) throws(VirtKitError) {
            try Source.checkSize(file.count, limits)
            try self.init(text: try Source.decode(file), limits: limits)
        }

        private static func checkSize(_ size: Int, _ limits: Limits) throws(VirtKitError) {
            if size > min(limits.bytes, 256 << 20) {
                throw XML.error(
                    "the document has \(size) bytes, more than \(min(limits.bytes, 256 << 20))",
                    remedy: "raise XML.Limits.bytes if it is to be trusted")
            }
        }

        private static func decode(_ file: [UInt8]) throws(VirtKitError) -> [UInt8] {
            if let decoded = try decodeUTF16(file) { return decoded }
            let encoding =
                declaration(of: file.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(file.dropFirst(3)) : file)?
                .encoding ?? "UTF-8"
            switch encoding.uppercased() {
            case "UTF-8", "UTF8":
                guard String(validating: file, as: UTF8.self) != nil else {
                    throw XML.error("the document is not valid UTF-8")
                }
                return file
            case "US-ASCII", "ASCII":
                guard file.allSatisfy({ $0 < 0x80 }) else { throw XML.error("the document is not ASCII as it says") }
                return file
            case "ISO-8859-1", "LATIN1", "LATIN-1":
                return Array(String(String.UnicodeScalarView(file.lazy.map { Unicode.Scalar($0) })).utf8)
            default:
                throw XML.error(
                    "the encoding \(encoding) is not supported", remedy: "convert the document to UTF-8")
            }
        }

        /// UTF-16 with or without a byte order mark; nil where it is something else.
        private static func decodeUTF16(_ file: [UInt8]) throws(VirtKitError) -> [UInt8]? {
            let bigEndian: Bool
            let start: Int
            switch file.prefix(4) {
            case let head where head.starts(with: [0xFE, 0xFF]): (bigEndian, start) = (true, 2)
            case let head where head.starts(with: [0xFF, 0xFE]): (bigEndian, start) = (false, 2)
            case [0x00, 0x3C, 0x00, 0x3F]: (bigEndian, start) = (true, 0)
            case [0x3C, 0x00, 0x3F, 0x00]: (bigEndian, start) = (false, 0)
            default: return nil
            }
            let units = stride(from: start, to: file.count - 1, by: 2).map { index in
                let (first, second) = (UInt16(file[index]), UInt16(file[index + 1]))
                return bigEndian ? first << 8 | second : second << 8 | first
            }
            guard file.count % 2 == 0, let text = String(validating: units, as: UTF16.self) else {
                throw XML.error("the document is not valid UTF-16")
            }
            if let encoding = declaration(of: Array(text.utf8.prefix(512)))?.encoding,
                !encoding.uppercased().hasPrefix("UTF-16")
            {
                throw XML.error("the document is UTF-16, but says that it is \(encoding)")
            }
            return Array(text.utf8)
        }

        /// What an XML declaration at the start says. The parser judges its form.
        private static func declaration(of bytes: [UInt8]) -> Declaration? {
            let start = Array("<?xml".utf8)
            guard bytes.starts(with: start), bytes.count > start.count, bytes[start.count] <= 0x20 else { return nil }
            let content = bytes.dropFirst(start.count).prefix(512)
            guard let end = content.firstIndex(of: UInt8(ascii: "?")) else { return nil }
            var declaration = Declaration()
            var rest = content[..<end]
            while let equals = rest.firstIndex(of: UInt8(ascii: "=")) {
                let key = String(decoding: rest[..<equals].filter { $0 > 0x20 }, as: UTF8.self)
                rest = rest[(equals + 1)...].drop { $0 <= 0x20 }
                guard let quote = rest.first, let close = rest.dropFirst().firstIndex(of: quote) else { break }
                let value = String(decoding: rest[(rest.startIndex + 1)..<close], as: UTF8.self)
                switch key {
                case "version": declaration.version = value
                case "encoding": declaration.encoding = value
                case "standalone": declaration.standalone = value == "yes"
                default: break
                }
                rest = rest[(close + 1)...]
            }
            return declaration
        }

        /// Refuses what would cost the parser much: document type declarations, which bring entities and external files,
        /// and elements with many attributes, which libxml2 compares pair by pair.
        ///
        /// It reads markup as the parser does, as long as the document is well-formed; where it is not, the parser ends.
        private static func scan(_ bytes: UnsafeBufferPointer<UInt8>, _ limits: Limits) throws(VirtKitError) {
            guard let base = bytes.baseAddress else { throw XML.error("the document is empty") }
            var index = 0
            while let found = memchr(base + index, 0x3C, bytes.count - index) {
                index = UnsafeRawPointer(found) - UnsafeRawPointer(base) + 1
                if bytes.starts("!--", at: index) {
                    index = bytes.end(of: "-->", from: index + 3)
                } else if bytes.starts("![CDATA[", at: index) {
                    index = bytes.end(of: "]]>", from: index + 8)
                } else if bytes.starts("?", at: index) {
                    index = bytes.end(of: "?>", from: index + 1)
                } else if bytes.starts("!", at: index) {
                    throw XML.error(
                        "the document has a document type declaration, which no document of libvirt's has",
                        remedy: "remove <!DOCTYPE …> and replace the entities that it defines")
                } else {
                    index = try bytes.endOfTag(from: index, limits)
                }
            }
        }
    }

    static func error(_ message: String, remedy: String? = nil) -> VirtKitError {
        VirtKitError(.invalidXML, operation: "read XML", message: message, remedy: remedy)
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func starts(_ text: StaticString, at index: Int) -> Bool {
        guard let baseAddress, count - index >= text.utf8CodeUnitCount else { return false }
        return memcmp(baseAddress + index, text.utf8Start, text.utf8CodeUnitCount) == 0
    }

    /// The index behind the next `text`, which ends with ">"; the end where there is none.
    fileprivate func end(of text: StaticString, from start: Int) -> Int {
        guard let baseAddress else { return count }
        let length = text.utf8CodeUnitCount
        var index = start + length - 1
        while index < count, let found = memchr(baseAddress + index, 0x3E, count - index) {
            index = UnsafeRawPointer(found) - UnsafeRawPointer(baseAddress) + 1
            if memcmp(baseAddress + index - length, text.utf8Start, length) == 0 { return index }
        }
        return count
    }

    /// The index behind a tag. Each attribute has one quoted value.
    fileprivate func endOfTag(from start: Int, _ limits: XML.Limits) throws(VirtKitError) -> Int {
        guard let baseAddress else { return count }
        var index = start
        var attributes = 0
        while index < count {
            let byte = self[index]
            if byte == UInt8(ascii: ">") { return index + 1 }
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                attributes += 1
                if attributes > limits.attributes {
                    throw XML.error(
                        "an element has more than \(limits.attributes) attributes",
                        remedy: "raise XML.Limits.attributes if the document is to be trusted")
                }
                guard let close = memchr(baseAddress + index + 1, CInt(byte), count - index - 1) else { return count }
                index = UnsafeRawPointer(close) - UnsafeRawPointer(baseAddress)
            }
            index += 1
        }
        return index
    }
}
