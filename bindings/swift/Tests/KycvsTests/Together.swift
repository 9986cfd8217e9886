import Foundation

/// Runs `work` on so many threads of their own, each of which begins when all of them are there, and waits for them.
/// Returns how many were there at once: fewer than asked for where some did not come.
///
/// (`DispatchQueue.concurrentPerform` runs no more at a time than there are processors.)
func together(_ threads: Int, _ work: @escaping @Sendable (_ thread: Int) -> Void) -> Int {
    let (start, end) = (Barrier(threads), DispatchGroup())
    for number in 0..<threads {
        end.enter()
        Thread {
            if start.wait() { work(number) }
            end.leave()
        }.start()
    }
    end.wait()
    return start.most
}

/// Lets nobody on before so many have come.
final class Barrier: @unchecked Sendable {
    private let size: Int
    private let condition = NSCondition()
    private var waiting = 0
    private var highest = 0
    private var isOpen = false

    init(_ size: Int) {
        self.size = size
    }

    /// How many were waiting at once.
    var most: Int {
        condition.withLock { highest }
    }

    /// Whether all have come; `false` after a time in which they would have.
    func wait() -> Bool {
        condition.withLock {
            waiting += 1
            defer { waiting -= 1 }
            highest = max(highest, waiting)
            if waiting == size {
                isOpen = true
                condition.broadcast()
            }
            let end = Date(timeIntervalSinceNow: 20)
            while !isOpen, condition.wait(until: end) {}
            return isOpen
        }
    }
}
