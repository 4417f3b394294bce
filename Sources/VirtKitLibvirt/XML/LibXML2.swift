internal import CVirtKit
internal import Glibc
internal import VirtKitCore

// SAFETY: the function types are those of <libxml/parser.h>; a symbol is called only after `dlsym` found it, and the library
// is never unloaded.

/// The functions of libxml2 that the parser calls, found at run time. libvirt itself is built on libxml2, so it is there
/// wherever libvirt is.
struct LibXML2: Sendable {
    typealias SAX = UnsafePointer<vk_xml_sax>
    typealias Context = OpaquePointer

    let createPushParser:
        @convention(c) (SAX?, UnsafeMutableRawPointer?, UnsafePointer<CChar>?, CInt, UnsafePointer<CChar>?) -> Context?
    let useOptions: @convention(c) (Context?, CInt) -> CInt
    let parseChunk: @convention(c) (Context?, UnsafePointer<CChar>?, CInt, CInt) -> CInt
    let stop: @convention(c) (Context?) -> Void
    let free: @convention(c) (Context?) -> Void

    /// libxml2's file names, the oldest first: releases before 2.14, and those since.
    static let libraryNames = ["libxml2.so.2", "libxml2.so.16"]

    /// The library, loaded at the first use in the process; or why it can't be.
    static let shared: Result<LibXML2, VirtKitError> = {
        do throws(VirtKitError) {
            return .success(try LibXML2(named: libraryNames))
        } catch {
            return .failure(error)
        }
    }()

    /// Loads the first of the libraries that is there.
    init(named names: [String]) throws(VirtKitError) {
        var reasons: [String] = []
        for name in names {
            guard let handle = dlopen(name, RTLD_NOW | RTLD_LOCAL) else {
                reasons.append(dlerror().map { String(cString: $0) } ?? name)
                continue
            }
            func find<Function>(_ symbol: String, as type: Function.Type) throws(VirtKitError) -> Function {
                guard let address = dlsym(handle, symbol) else {
                    throw Self.missing("\(name) has no function \(symbol)")
                }
                return unsafeBitCast(address, to: type)
            }
            createPushParser = try find("xmlCreatePushParserCtxt", as: type(of: createPushParser))
            useOptions = try find("xmlCtxtUseOptions", as: type(of: useOptions))
            parseChunk = try find("xmlParseChunk", as: type(of: parseChunk))
            stop = try find("xmlStopParser", as: type(of: stop))
            free = try find("xmlFreeParserCtxt", as: type(of: free))
            // Once, before threads may parse at the same time.
            try find("xmlInitParser", as: (@convention(c) () -> Void).self)()
            return
        }
        throw Self.missing(reasons.joined(separator: "; "))
    }

    private static func missing(_ message: String) -> VirtKitError {
        VirtKitError(
            .unsupported, operation: "load libxml2", message: message,
            remedy:
                "install libxml2, which libvirt needs too (Debian: apt-get install libxml2; Fedora: dnf install libxml2)"
        )
    }
}
