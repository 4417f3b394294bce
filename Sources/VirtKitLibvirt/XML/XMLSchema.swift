public import VirtKitCore

extension XML {
    /// The properties that an element of some kind may have: a struct whose members are `Field`, `Flag`, `Size`, `Values`,
    /// `Part`, `Group` and `List`, in the order in which libvirt writes the elements. `View` makes properties of them.
    ///
    /// ```swift
    /// struct Settings: XML.Schema {
    ///     static let prototype = XML.Prototype("settings", Settings())
    ///     let colour = XML.Field<String>("@colour")
    ///     let retries = XML.Field<Int>("network/retries")
    /// }
    /// var settings = XML.View<Settings>()
    /// settings.colour = "green"
    /// ```
    public protocol Schema: Sendable {
        /// The name of the kind's elements, and one instance of the schema.
        static var prototype: Prototype<Self> { get }
    }

    /// What a schema's type knows of itself, made once.
    public struct Prototype<Schema: Sendable>: Sendable {
        /// The name of new elements.
        public let name: Name
        /// The properties.
        public let schema: Schema
        /// The names of elements within, in the order in which new ones are inserted.
        let order: [String]
        /// The names of elements within that say something when they are empty.
        let flags: Set<String>

        /// Makes a prototype.
        public init(_ name: Name, _ schema: Schema) {
            self.name = name
            self.schema = schema
            var order: [String] = []
            var flags: Set<String> = []
            for (_, value) in Mirror(reflecting: schema).children {
                guard let path = (value as? any Property)?.path, let name = path.steps.first?.name.local else {
                    continue
                }
                if !order.contains(name) { order.append(name) }
                if value is Flag, path.steps.count == 1 { flags.insert(name) }
            }
            self.order = order
            self.flags = flags
        }
    }

    /// What all members of schemas have in common.
    protocol Property: Sendable {
        var path: Path { get }
    }

    /// An attribute, or an element's text.
    public struct Field<Value: Hashable & Sendable>: Property {
        let path: Path
        let read: @Sendable (String) -> Value?
        let write: @Sendable (Value) -> String

        /// A property whose type knows its form.
        public init(_ path: Path) where Value: XML.Value {
            self.init(path, read: { Value(xml: $0) }, write: \.xml)
        }

        /// A property of a form of its own.
        public init(
            _ path: Path, read: @escaping @Sendable (String) -> Value?, write: @escaping @Sendable (Value) -> String
        ) {
            self.path = path
            self.read = read
            self.write = write
        }
    }

    /// An element that says yes by being there.
    public struct Flag: Property {
        let path: Path

        /// A flag.
        public init(_ path: Path) { self.path = path }
    }

    /// An amount of bytes with its unit in an attribute beside it.
    public struct Size: Property {
        let path: Path
        let unit: Path
        let defaultUnit: String

        /// A size.
        ///
        /// - Parameters:
        ///   - path: where the number is.
        ///   - unit: where its unit is; by default the attribute `unit` of the number's element.
        ///   - defaultUnit: what the number counts where no unit is given: libvirt's "KiB" or "bytes".
        public init(_ path: Path, unit: Path? = nil, default defaultUnit: String = "KiB") {
            self.path = path
            self.unit =
                unit
                ?? Path(
                    (path.description.split(separator: "/").filter { $0.first != "@" } + ["@unit"]).joined(
                        separator: "/"))
            self.defaultUnit = defaultUnit
        }
    }

    /// A value in each of several elements: in an attribute, or in the text.
    public struct Values<Value: XML.Value>: Property {
        let path: Path

        /// Values; the path's last element is the one that repeats.
        public init(_ path: Path) { self.path = path }
    }

    /// An element with properties of its own, that is there or not.
    public struct Part<Schema: XML.Schema>: Property {
        let path: Path

        /// A part.
        public init(_ path: Path) { self.path = path }
    }

    /// An element with properties of its own, that is made when one of them is set.
    public struct Group<Schema: XML.Schema>: Property {
        let path: Path

        /// A group.
        public init(_ path: Path) { self.path = path }
    }

    /// Any number of elements with properties of their own.
    public struct List<Schema: XML.Schema>: Property {
        let path: Path

        /// A list.
        public init(_ path: Path) { self.path = path }
    }
}

extension XML.Field<Bool> {
    /// "on" or "off".
    public static func onOff(_ path: XML.Path) -> Self {
        Self(path, read: { Bool(xml: $0) }, write: { $0 ? "on" : "off" })
    }
}

extension XML.Field<Int> {
    /// A number that libvirt writes as "0x" and hexadecimal digits.
    ///
    /// - Parameters:
    ///   - path: where it stands.
    ///   - digits: how many digits at least.
    public static func hex(_ path: XML.Path, digits: Int = 1) -> Self {
        Self(
            path, read: { Int(xml: $0) },
            write: { number in
                let text = String(number, radix: 16)
                return "0x" + String(repeating: "0", count: max(0, digits - text.count)) + text
            })
    }
}

extension XML.Field<ByteCount> {
    /// An amount of memory without a unit of its own.
    ///
    /// - Parameters:
    ///   - path: where it stands.
    ///   - unit: what the number counts, in bytes. An amount that is no multiple of it is rounded up.
    public static func bytes(_ path: XML.Path, unit: UInt64 = 1) -> Self {
        Self(
            path,
            read: { text in
                UInt64(xml: text).map { $0.multipliedReportingOverflow(by: unit) }
                    .flatMap { $0.overflow ? nil : ByteCount(rawValue: $0.partialValue) }
            },
            write: { String($0.rawValue / unit + ($0.rawValue % unit == 0 ? 0 : 1)) })
    }
}

extension XML.Size {
    func read(from element: XML.Element) -> ByteCount? {
        guard let number = element.read(path).flatMap({ UInt64(xml: $0) }),
            let unit = ByteCount.libvirtUnit(element.read(unit) ?? defaultUnit)
        else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : ByteCount(rawValue: product)
    }

    /// Keeps the unit that is there where the amount is a multiple of it.
    func write(_ size: ByteCount?, to element: inout XML.Element, order: [String]) {
        guard let size else {
            if path.attribute == nil {
                // The unit goes first, or else it would keep the element.
                element.write(unit, nil, order: order)
            }
            element.write(path, nil, order: order)
            if path.attribute != nil { element.write(unit, nil, order: order) }
            return
        }
        let present = element.read(unit)
        let candidates = [present ?? defaultUnit, "KiB", "bytes"]
        for candidate in candidates {
            guard let unit = ByteCount.libvirtUnit(candidate), size.rawValue % unit == 0 else { continue }
            element.write(path, String(size.rawValue / unit), order: order)
            if present != candidate, present != nil || candidate != defaultUnit || path.attribute == nil {
                element.write(self.unit, candidate, order: order)
            }
            return
        }
    }
}
