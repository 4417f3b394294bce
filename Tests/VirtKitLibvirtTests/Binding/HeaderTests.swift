import Foundation
import Testing
import VirtKitLibvirt

/// Our declarations against libvirt's own headers, by a compiler: functions, structures and constants.
@Suite("libvirt's headers", .enabled(if: Needs.headers, "needs libvirt's headers and clang"))
struct HeaderTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let sources = root.appendingPathComponent("Sources/VirtKitLibvirt")
    private static let header = root.appendingPathComponent("Sources/CVirtKit/include/CVirtKitLibvirt.h")

    @Test func functionsHaveTheirTypes() throws {
        let functions = try functions()
        #expect(functions.count > 250)
        try compile(functions.map { "static_assert(same<\($0.type)>(&\($0.name)), \"\($0.name)\");" })
    }

    @Test func aWrongTypeIsSeen() throws {
        let wrong = [
            "same<int(Opaque)>(&virDomainCreateWithFlags)", "same<int(Opaque, int)>(&virDomainCreateWithFlags)",
            "same<Opaque(Opaque, unsigned int)>(&virDomainCreateWithFlags)",
            "same<Ptr<char>(int)>(&virConnectGetHostname)",
        ]
        try compile(wrong.map { "static_assert(!\($0), \"accepted\");" })
    }

    @Test func structuresHaveTheirLayout() throws {
        let structures = try structures()
        #expect(structures.count >= 20)
        try compile(
            structures.flatMap { name, fields in
                ["static_assert(sizeof(vk_\(name)) == sizeof(\(name)), \"\(name)\");"]
                    + fields.map { field in
                        """
                        static_assert(__builtin_offsetof(vk_\(name), \(field)) == __builtin_offsetof(\(name), \(field)) \
                        && sizeof(((vk_\(name)*)0)->\(field)) == sizeof(((\(name)*)0)->\(field)), "\(name).\(field)");
                        """
                    }
            })
    }

    @Test func constantsHaveTheirValues() throws {
        let constants = try constants()
        #expect(constants.count > 200)
        try compile(constants.map { "static_assert((long)\($0.name) == (long)(\($0.value)), \"\($0.name)\");" })
    }

    // MARK: Reading our sources

    private func text(_ body: (String) throws -> Void) throws {
        let files = FileManager.default.enumerator(at: Self.sources, includingPropertiesForKeys: nil)
        while let url = files?.nextObject() as? URL {
            if url.pathExtension == "swift" { try body(String(contentsOf: url, encoding: .utf8)) }
        }
    }

    private func functions() throws -> [(name: String, type: String)] {
        var found: [(String, String)] = []
        let pattern = #/static let (vir\w+) = (?:QEMU)?Symbol<([\s\S]*?)>\(\s*"(vir\w+)"/#
        try text { text in
            for match in text.matches(of: pattern) {
                #expect(match.1 == match.3)
                found.append((String(match.1), try TypeReader(String(match.2)).function()))
            }
        }
        return found
    }

    private func structures() throws -> [(String, [String])] {
        let text = try String(contentsOf: Self.header, encoding: .utf8)
        return text.matches(of: #/struct vk_(\w+) \{([\s\S]*?)\n\};/#).map { match in
            // The fields of a union are inside it.
            let body = String(match.2).replacing(#/union \{[\s\S]*?\} (\w+);/#) { "int \($0.1);" }
            let fields = body.split(separator: "\n").compactMap { line -> String? in
                if let callback = line.firstMatch(of: #/\(\*(\w+)\)\(/#) { return String(callback.1) }
                return line.firstMatch(of: #/(\w+)(?:\[\d+\])?;/#).map { String($0.1) }
            }
            return (String(match.1), fields)
        }
    }

    private func constants() throws -> [(name: String, value: String)] {
        var found: [(String, String)] = []
        var events: [String: String] = [:]
        var numbers: [String: String] = [:]
        try text { text in
            for match in text.matches(of: #/\((VIR_\w+)\)\s*public static let \w+ = \w+\(\s*rawValue: ([\d\s<-]+)\)/#) {
                found.append((String(match.1), String(match.2)))
            }
            for match in text.matches(of: #/(VIR_\w+) is (\d+)/#) { found.append((String(match.1), String(match.2))) }
            for match in text.matches(of: #/\((VIR_DOMAIN_EVENT_ID_\w+)\)\s*public static let (\w+) = Self/#) {
                events[String(match.2)] = String(match.1)
            }
            if text.contains("enum DomainEventCallbacks") {
                for match in text.matches(of: #/\.(\w+): \((\d+), \w+\)/#) {
                    numbers[String(match.1)] = String(match.2)
                }
            }
        }
        #expect(numbers.count == 25 && Set(numbers.keys) == Set(events.keys))
        return found.filter { Int32($0.1) ?? 0 >= 0 } + numbers.map { (events[$0.key] ?? "missing", $0.value) }
    }

    // MARK: The compiler

    private func compile(_ lines: [String]) throws {
        let structures = try structures().map { "template <> constexpr bool fits<vk_\($0.0), \($0.0)> = true;" }
        let program = """
            #include <libvirt/libvirt.h>
            #include <libvirt/virterror.h>
            #include <libvirt/libvirt-qemu.h>
            #include "\(Self.header.path)"
            struct Opaque {};
            struct Function {};
            template <class T> struct Ptr {};
            // Whether a type of ours (first) is passed as a type of theirs (second) is.
            template <class Ours, class Theirs> constexpr bool fits = __is_same(Ours, Theirs);
            template <class Ours, class Theirs> constexpr bool fits<Ours, const Theirs> = fits<Ours, Theirs>;
            template <class Theirs> constexpr bool fits<int, Theirs> =
                __is_same(int, Theirs) || (__is_enum(Theirs) && sizeof(Theirs) == sizeof(int));
            template <class T> constexpr bool isFunction = false;
            template <class R, class... A> constexpr bool isFunction<R(A...)> = true;
            template <class T> constexpr bool fits<Opaque, T *> = __is_class(T);
            template <class T> constexpr bool fits<Function, T *> = isFunction<T>;
            template <class Ours, class Theirs> constexpr bool fits<Ptr<Ours>, Theirs *> = fits<Ours, Theirs>;
            template <class Ours, class Theirs> constexpr bool fits<Ptr<Ours>, Theirs *const> = fits<Ours, Theirs>;
            \(structures.joined(separator: "\n"))
            template <class F> struct Signature;
            template <class R, class... A> struct Signature<R(A...)> {
                template <class R2, class... A2> static constexpr bool same(R2 (*)(A2...)) {
                    if constexpr (sizeof...(A) != sizeof...(A2)) return false;
                    else return fits<R, R2> && (fits<A, A2> && ... && true);
                }
            };
            template <class F, class T> constexpr bool same(T theirs) { return Signature<F>::same(theirs); }
            \(lines.joined(separator: "\n"))
            """
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("virtkit-\(UUID().uuidString).cpp")
        defer { try? FileManager.default.removeItem(at: file) }
        try program.write(to: file, atomically: true, encoding: .utf8)
        let clang = try #require(Needs.tool("clang"))
        let result = try runProgram(
            clang, ["-x", "c++", "-std=c++17", "-fsyntax-only", "-w", "-ferror-limit=0", file.path])
        let errors = result.output.split(separator: "\n").filter { $0.contains("error:") }
        #expect(result.status == 0, "\(errors.prefix(20).joined(separator: "\n"))")
    }
}

/// Turns the Swift type of a C function into what the compiler compares.
private struct TypeReader {
    private var rest: Substring
    init(_ text: String) {
        rest =
            text.replacing(#/\s+/#, with: " ").replacing("( ", with: "(").replacing(" )", with: ")")
            .replacing("< ", with: "<").replacing(" >", with: ">")[...]
        rest = rest.drop { $0 == " " }
    }

    func function() throws -> String {
        var reader = self
        return try reader.readFunction()
    }

    private mutating func readFunction() throws -> String {
        try take("@convention(c) (")
        var parameters: [String] = []
        while !rest.hasPrefix(")") {
            parameters.append(try readType())
            if rest.hasPrefix(", ") { rest.removeFirst(2) }
        }
        try take(") -> ")
        return "\(try readType())(\(parameters.joined(separator: ", ")))"
    }

    private mutating func readType() throws -> String {
        if rest.hasPrefix("(@convention(c)") {
            rest.removeFirst()
            _ = try readFunction()
            try take(")?")
            return "Function"
        }
        let name = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
        rest = rest.dropFirst(name.count)
        switch name {
        case "UnsafePointer", "UnsafeMutablePointer":
            try take("<")
            let inner = try readType()
            try take(">")
            if rest.hasPrefix("?") { rest.removeFirst() }
            return "Ptr<\(inner)>"
        default:
            if rest.hasPrefix("?") { rest.removeFirst() }
            let types = [
                "OpaquePointer": "Opaque", "UnsafeMutableRawPointer": "Ptr<void>", "UnsafeRawPointer": "Ptr<void>",
                "CInt": "int", "CUnsignedInt": "unsigned int", "CUnsignedLong": "unsigned long",
                "CLongLong": "long long", "CUnsignedLongLong": "unsigned long long", "CChar": "char",
                "UInt8": "unsigned char", "Void": "void",
            ]
            if let type = types[String(name)] { return type }
            guard name.hasPrefix("vk_") else {
                throw Unexpected(text: "the type \(name) is not known, before \(rest.prefix(80))")
            }
            return String(name)
        }
    }

    private mutating func take(_ text: String) throws {
        guard rest.hasPrefix(text) else {
            throw Unexpected(text: "\"\(text)\" is missing before \"\(rest.prefix(60))\"")
        }
        rest = rest.dropFirst(text.count)
    }
}
