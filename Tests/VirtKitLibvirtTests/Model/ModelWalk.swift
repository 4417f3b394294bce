import VirtKitCore

@testable import VirtKitLibvirt

/// A property that has a value, of any type, with the value as text.
protocol Leaf {
    var path: XML.Path { get }
    /// Where a change of it may be seen.
    var touched: [XML.Path] { get }
    func value(in element: XML.Element) -> String?
    /// Sets what a text stands for; false where it stands for nothing.
    func set(_ text: String, in element: inout XML.Element, order: [String]) -> Bool
    func clear(in element: inout XML.Element, order: [String])
}

extension Leaf {
    var touched: [XML.Path] { [path] }
}

extension XML.Field: Leaf {
    func value(in element: XML.Element) -> String? { element.read(path).flatMap(read).map(write) }

    func set(_ text: String, in element: inout XML.Element, order: [String]) -> Bool {
        guard let value = read(text) else { return false }
        element.write(path, write(value), order: order)
        return true
    }

    func clear(in element: inout XML.Element, order: [String]) { element.write(path, nil, order: order) }
}

extension XML.Size: Leaf {
    var touched: [XML.Path] { [path, unit] }

    func value(in element: XML.Element) -> String? { read(from: element).map { String($0.rawValue) } }

    func set(_ text: String, in element: inout XML.Element, order: [String]) -> Bool {
        guard let bytes = UInt64(text) else { return false }
        write(ByteCount(rawValue: bytes), to: &element, order: order)
        return true
    }

    func clear(in element: inout XML.Element, order: [String]) { write(nil, to: &element, order: order) }
}

extension XML.Flag: Leaf {
    func value(in element: XML.Element) -> String? { element.find(path.steps) == nil ? nil : "yes" }

    func set(_ text: String, in element: inout XML.Element, order: [String]) -> Bool {
        guard text == "yes" else { return false }
        element.update(path.steps[...], create: true, order: order) { _ in }
        return true
    }

    func clear(in element: inout XML.Element, order: [String]) {
        element.update(path.steps.dropLast(), create: false, order: order) { parent in
            if let index = parent.index(of: path.last) { parent.removeChild(at: index) }
        }
    }
}

/// A property that has properties of its own.
protocol Branch {
    var path: XML.Path { get }
    var childProperties: [(name: String, value: Any)] { get }
    var childOrder: [String] { get }
}

func properties<Schema: XML.Schema>(of schema: Schema.Type) -> [(name: String, value: Any)] {
    Mirror(reflecting: schema.prototype.schema).children.map { ($0.label ?? "", $0.value) }
}

extension XML.Part: Branch {
    var childProperties: [(name: String, value: Any)] { properties(of: Schema.self) }
    var childOrder: [String] { Schema.prototype.order }
}

extension XML.Group: Branch {
    var childProperties: [(name: String, value: Any)] { properties(of: Schema.self) }
    var childOrder: [String] { Schema.prototype.order }
}

extension XML.List: Branch {
    var childProperties: [(name: String, value: Any)] { properties(of: Schema.self) }
    var childOrder: [String] { Schema.prototype.order }
}

/// A view's element with all properties that its schema has.
struct Place {
    let element: XML.Element
    let path: String
    let properties: [(name: String, value: Any)]
    let order: [String]

    init<Schema: XML.Schema>(_ view: XML.View<Schema>) {
        element = view.element
        path = ""
        properties = VirtKitLibvirtTests.properties(of: Schema.self)
        order = Schema.prototype.order
    }

    private init(_ element: XML.Element, _ path: String, _ branch: any Branch) {
        self.element = element
        self.path = path
        properties = branch.childProperties
        order = branch.childOrder
    }

    var leaves: [any Leaf] { properties.compactMap { $0.value as? any Leaf } }

    /// The places of the elements that a property names.
    func children(_ branch: any Branch) -> [Place] {
        guard let parent = element.find(branch.path.steps.dropLast()) else { return [] }
        return parent.elements.filter(branch.path.last.matches).enumerated().map { number, child in
            Place(child, "\(path)/\(branch.path)[\(number)]", branch)
        }
    }

    /// This place, and those of all elements within that properties name.
    var all: [Place] {
        [self] + properties.compactMap { $0.value as? any Branch }.flatMap { children($0).flatMap(\.all) }
    }
}

/// The names of all elements and attributes within an element that properties name, and of all that are there.
struct Coverage {
    var there: Set<String> = []
    var typed: Set<String> = []

    mutating func add(_ place: Place) {
        collect(place.element, "")
        for place in place.all {
            let base = place.path.replacing(#/\[\d+\]/#, with: "")
            for (_, value) in place.properties {
                guard let property = value as? any XML.Property else { continue }
                for path in (value as? any Leaf)?.touched ?? [property.path] {
                    var name = base
                    for step in path.steps {
                        name += "/" + step.name.local
                        typed.insert(name)
                        if let condition = step.condition { typed.insert(name + "/@" + condition.name.local) }
                    }
                    if let attribute = path.attribute { typed.insert(name + "/@" + attribute.local) }
                }
            }
        }
    }

    private mutating func collect(_ element: XML.Element, _ path: String) {
        for attribute in element.attributes where attribute.declaredNamespace == nil {
            there.insert("\(path)/@\(attribute.name.local)")
        }
        for child in element.elements {
            there.insert("\(path)/\(child.name.local)")
            collect(child, "\(path)/\(child.name.local)")
        }
    }

    /// How many elements, and how many attributes, are there; and how many of them are typed.
    var report: String {
        func count(_ attributes: Bool) -> String {
            let all = there.filter { ($0.split(separator: "/").last?.first == "@") == attributes }
            return "\(all.intersection(typed).count)/\(all.count)"
        }
        return "elements=\(count(false)) attributes=\(count(true))"
    }
}
