import Testing

@testable import VirtKitCore

@Suite(.timeLimit(.minutes(5)))
struct SerialLinesTests {
    /// The lines of an output that has ended.
    private func lines(_ output: [UInt8], capacity: Int = 1 << 20, maximumLength: Int = 65536) async -> [String] {
        let console = SerialConsole(SerialConfiguration(outputCapacity: capacity))
        console.deliver(output)
        console.finish()
        var lines: [String] = []
        for await line in console.lines(maximumLength: maximumLength) { lines.append(line) }
        return lines
    }

    private func lines(_ output: String, maximumLength: Int = 65536) async -> [String] {
        await lines(Array(output.utf8), maximumLength: maximumLength)
    }

    @Test func linesEndAtNewlines() async {
        #expect(await lines("one\ntwo\r\n\nfour\r\n") == ["one", "two", "", "four"])
        #expect(await lines("") == [])
        #expect(await lines("\n") == [""])
        #expect(await lines("a\rb\n\r\n\r\r\n") == ["a\rb", "", "\r"])
    }

    @Test func textAfterTheLastNewlineComesAtTheEnd() async {
        #expect(await lines("one\nlogin: ") == ["one", "login: "])
    }

    @Test func aLineCutAnywhereByChunksIsWhole() async {
        let text = Array("first\r\nsecond ü\nthird\r\n".utf8)
        for cut in 0...text.count {
            let console = SerialConsole()
            var iterator = console.lines().makeAsyncIterator()
            console.deliver(Array(text[..<cut]))
            let first = Task { try? await Task.sleep(for: .milliseconds(1)) }
            await first.value
            console.deliver(Array(text[cut...]))
            console.finish()
            #expect(await iterator.next() == "first")
            #expect(await iterator.next() == "second ü")
            #expect(await iterator.next() == "third")
            #expect(await iterator.next() == nil)
        }
    }

    @Test func invalidUTF8IsReplaced() async {
        #expect(await lines([0x61, 0xFF, 0x62, 0x0A, 0xC3, 0x0A]) == ["a\u{FFFD}b", "\u{FFFD}"])
        #expect(await lines([0, 0x0A]) == ["\u{0}"])
    }

    @Test func overLongLinesComeInPieces() async {
        #expect(await lines("abcdefghij\nk\n", maximumLength: 4) == ["abcd", "efgh", "ij", "k"])
        #expect(await lines("abcd\nefgh\r\nijklm", maximumLength: 4) == ["abcd", "efgh", "ijkl", "m"])
        #expect(await lines("abcd\r", maximumLength: 4) == ["abcd", "\r"])
    }

    @Test func aPieceIsCutBeforeACharacterAndNotWithinIt() async {
        #expect(await lines("abcüde\n", maximumLength: 4) == ["abc", "üde"])
        #expect(await lines("a\u{1F600}b\u{1F600}\n", maximumLength: 4) == ["a", "\u{1F600}", "b", "\u{1F600}"])
    }

    @Test func endlessContinuationBytesMakeProgress() async {
        let pieces = await lines([0xF0] + [UInt8](repeating: 0x80, count: 1000), maximumLength: 4)
        #expect(pieces.count <= 251)
        #expect(pieces.allSatisfy { !$0.isEmpty })
    }

    @Test(arguments: [Int.min, -1, 0, 1, 4])
    func tinyMaximaAreFour(_ maximum: Int) async {
        #expect(await lines("abcdefgh", maximumLength: maximum) == ["abcd", "efgh"])
    }

    @Test func aHugeMaximumIsFine() async {
        #expect(await lines("abc\nd", maximumLength: .max) == ["abc", "d"])
    }

    @Test func noPieceIsLongerThanTheMaximum() async {
        // A small random text of the bytes that matter, against the bound and against what went in.
        var seed: UInt64 = 42
        for _ in 0..<300 {
            var output: [UInt8] = []
            for _ in 0..<200 {
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                output.append([0x61, 0x62, 0x0A, 0x0D, 0xC3, 0xBC, 0x63, 0x64][Int(seed >> 60) & 7])
            }
            let pieces = await lines(output, maximumLength: 7)
            #expect(pieces.allSatisfy { $0.unicodeScalars.count <= 7 })
            let kept = output.filter { (0x61...0x64).contains($0) }
            #expect(pieces.flatMap { $0.utf8.filter { (0x61...0x64).contains($0) } } == kept)
        }
    }

    @Test func aPromptComesAfterSilence() async {
        let console = SerialConsole()
        var iterator = console.lines(promptAfter: .milliseconds(20)).makeAsyncIterator()
        console.deliver(Array("boot\nlogin: ".utf8))
        #expect(await iterator.next() == "boot")
        #expect(await iterator.next() == "login: ")
        console.deliver(Array("root\n".utf8))
        #expect(await iterator.next() == "root")
        console.finish()
        #expect(await iterator.next() == nil)
    }

    @Test func aPromptWithoutAnyPatience() async {
        for _ in 0..<200 {
            let console = SerialConsole()
            var iterator = console.lines(promptAfter: .zero).makeAsyncIterator()
            console.deliver(Array("$ ".utf8))
            #expect(await iterator.next() == "$ ")
        }
    }

    @Test func aGapEndsTheLineThatItBroke() async {
        let console = SerialConsole(SerialConfiguration(outputCapacity: 8))
        var iterator = console.lines().makeAsyncIterator()
        console.deliver(Array("a\nbro".utf8))
        #expect(await iterator.next() == "a")
        console.deliver(Array("ken lost half\nc\n".utf8))
        console.finish()
        #expect(await iterator.next() == "bro")
        #expect(await iterator.next() == " half")
        #expect(await iterator.next() == "c")
        #expect(await iterator.next() == nil)
    }

    @Test func cancellationEndsAReader() async {
        let console = SerialConsole()
        let reader = Task {
            var count = 0
            for await _ in console.lines() { count += 1 }
            return count
        }
        console.deliver(Array("a\n".utf8))
        try? await Task.sleep(for: .milliseconds(10))
        reader.cancel()
        #expect(await reader.value == 1)
    }
}
