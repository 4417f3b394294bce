extension XML {
    /// Where a property stands, seen from its view's element: names of elements, each the first of its name, and at the
    /// end an attribute or nothing, which means the element's text. `source/@file`, `name`, `.` (the view's own text),
    /// `timer[@name='rtc']/@tickpolicy`.
    public struct Path: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        /// One element on the way.
        struct Step: Hashable, Sendable {
            let name: Name
            /// An attribute that the element must have.
            let condition: Attribute?

            func matches(_ element: Element) -> Bool {
                element.storage.name.means(name)
                    && (condition.map { element[attribute: $0.name] == $0.value } ?? true)
            }
        }

        /// One reference, since schemas have a path for each of hundreds of properties, and are copied.
        private final class Storage: Sendable {
            let steps: [Step]
            let attribute: Name?
            let description: String
            init(_ steps: [Step], _ attribute: Name?, _ description: String) {
                self.steps = steps
                self.attribute = attribute
                self.description = description
            }
        }

        private let storage: Storage
        var steps: [Step] { storage.steps }
        var attribute: Name? { storage.attribute }
        /// The path, as it was given.
        public var description: String { storage.description }

        /// Equal where the same elements and attribute are named in the same words.
        public static func == (left: Self, right: Self) -> Bool {
            left.storage === right.storage
                || left.description == right.description && left.steps == right.steps
                    && left.attribute == right.attribute
        }

        /// Hashes the path's text.
        public func hash(into hasher: inout Hasher) { hasher.combine(description) }

        /// Reads a path.
        ///
        /// - Parameters:
        ///   - text: the path.
        ///   - namespaces: what prefixes in it mean. Others are libvirt's own for a driver (`qemu:arg`).
        @inline(never)
        public init(_ text: String, namespaces: [Namespace] = []) {
            func name(_ text: Substring) -> Name {
                let parts = text.split(separator: ":", maxSplits: 1)
                guard parts.count == 2 else { return Name(String(text)) }
                let prefix = String(parts[0])
                return Name(
                    String(parts[1]), in: namespaces.first { $0.prefix == prefix } ?? .libvirt(prefix))
            }
            var steps: [Step] = []
            var attribute: Name?
            for part in text.split(separator: "/") where part != "." {
                if part.first == "@" {
                    attribute = name(part.dropFirst())
                } else if let bracket = part.firstIndex(of: "[") {
                    let condition = part[bracket...].split(separator: "'", omittingEmptySubsequences: false)
                    let key = condition[0].dropFirst(2).dropLast()
                    steps.append(
                        Step(
                            name: name(part[..<bracket]),
                            condition: Attribute(name(key), condition.count > 1 ? String(condition[1]) : "")))
                } else {
                    steps.append(Step(name: name(part), condition: nil))
                }
            }
            storage = Storage(steps, attribute, text)
        }

        /// The last element.
        var last: Step { steps.last ?? Step(name: "none", condition: nil) }

        /// Reads a path.
        @inline(never)
        public init(stringLiteral text: String) { self.init(text) }
    }
}

// MARK: Reading and changing what is at a path

extension XML.Element {
    /// The first element within that a step names.
    func index(of step: XML.Path.Step) -> Int? {
        storage.children.firstIndex { child in
            if case .element(let element) = child { step.matches(element) } else { false }
        }
    }

    /// The element at the end of some steps.
    func find(_ steps: some Sequence<XML.Path.Step>) -> XML.Element? {
        var element = self
        for step in steps {
            guard let index = element.index(of: step), let next = element.storage.children[index].element else {
                return nil
            }
            element = next
        }
        return element
    }

    /// The attribute's value or the element's text; nil where attribute or element is missing.
    func read(_ path: XML.Path) -> String? {
        guard let element = find(path.steps) else { return nil }
        if let attribute = path.attribute { return element[attribute: attribute] }
        if !element.holdsElements { return element.text }
        // Between elements, white space is no text.
        let text = element.text.trimmingXMLSpace
        return text.isEmpty ? nil : text
    }

    /// Sets an attribute or an element's text, and makes the elements on the way. Nil removes it, and the elements on the
    /// way that are empty then.
    ///
    /// - Parameters:
    ///   - order: names of elements in the order in which they should stand here.
    ///   - flags: names of elements here that mean something when they are empty, and so stay.
    mutating func write(_ path: XML.Path, _ value: String?, order: [String], flags: Set<String> = []) {
        update(path.steps[...], create: value != nil, order: order, flags: flags) { element in
            if let attribute = path.attribute {
                element[attribute: attribute] = value
            } else if element.text != value ?? "" {
                element.text = value ?? ""
            }
        }
    }

    /// Changes the element at the end of some steps; where it is missing, makes it or does nothing.
    mutating func update(
        _ steps: ArraySlice<XML.Path.Step>, create: Bool, order: [String], flags: Set<String> = [],
        _ change: (inout XML.Element) -> Void
    ) {
        guard let step = steps.first else { return change(&self) }
        if let index = index(of: step) {
            var child = take(at: index)
            let wasEmpty = child.isEmpty
            child.update(steps.dropFirst(), create: create, order: [], change)
            if !create, child.isEmpty, !wasEmpty, !flags.contains(step.name.local) {
                removeChild(at: index)
            } else {
                children[index] = .element(child)
            }
        } else if create {
            var child = XML.Element(step.name)
            child.satisfy(step)
            child.update(steps.dropFirst(), create: true, order: [], change)
            insert(child, order: order)
        }
    }

    /// Takes a child out, so that it can be changed without a copy. The caller puts it back, or removes it.
    mutating func take(at index: Int) -> XML.Element {
        guard let element = storage.children[index].element else { return XML.Element.placeholder }
        children[index] = .text("")
        return element
    }

    /// Gives the element the name and the attribute that a step asks for.
    mutating func satisfy(_ step: XML.Path.Step) {
        if !storage.name.means(step.name) { name = step.name }
        if let condition = step.condition, self[attribute: condition.name] != condition.value {
            self[attribute: condition.name] = condition.value
        }
    }

    /// Inserts an element behind the last of its name, or where the order says, or at the end.
    mutating func insert(_ element: XML.Element, order: [String]) {
        let name = element.storage.name
        if let last = storage.children.lastIndex(where: { $0.element?.storage.name.means(name) ?? false }) {
            return insert(element, before: storage.children[(last + 1)...].firstIndex { $0.element != nil })
        }
        guard let place = order.firstIndex(of: name.local) else { return insert(element, before: nil) }
        let later = Set(order[(place + 1)...])
        var next = storage.children.firstIndex { later.contains($0.element?.storage.name.local ?? "") }
        // A comment belongs to what follows it.
        while let index = next, index >= 2, storage.children[index - 1].isBlank,
            case .comment = storage.children[index - 2]
        {
            next = index - 2
        }
        insert(element, before: next)
    }
}
