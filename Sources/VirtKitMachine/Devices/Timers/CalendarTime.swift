/// A date and time of the Gregorian calendar, without a time zone.
struct CalendarTime: Hashable {
    var year: Int64
    /// 1 to 12.
    var month: Int64
    /// 1 to 31.
    var day: Int64
    var hour: Int64
    var minute: Int64
    var second: Int64

    private static let daysTo400Years: Int64 = 146_097
    /// Days from 1 March of year 0 to 1 January 1970.
    private static let daysToEpoch: Int64 = 719_468

    init(year: Int64, month: Int64, day: Int64, hour: Int64, minute: Int64, second: Int64) {
        self.year = year
        self.month = month
        self.day = day
        self.hour = hour
        self.minute = minute
        self.second = second
    }

    /// The time that is `seconds` after the beginning of 1970.
    init(secondsSince1970 seconds: Int64) {
        let days = Self.floorDivide(seconds, 86_400)
        let rest = seconds &- days &* 86_400
        hour = rest / 3600
        minute = rest / 60 % 60
        second = rest % 60
        // Years are counted from March, so that the leap day is a year's last.
        let shifted = days &+ Self.daysToEpoch
        let era = Self.floorDivide(shifted, Self.daysTo400Years)
        let dayOfEra = shifted &- era &* Self.daysTo400Years
        let yearOfEra = (dayOfEra &- dayOfEra / 1460 &+ dayOfEra / 36_524 &- dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra &- (yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100)
        let marchMonth = (dayOfYear &* 5 &+ 2) / 153
        day = dayOfYear &- (marchMonth &* 153 &+ 2) / 5 &+ 1
        month = marchMonth < 10 ? marchMonth &+ 3 : marchMonth &- 9
        year = era &* 400 &+ yearOfEra &+ (month <= 2 ? 1 : 0)
    }

    /// Seconds since the beginning of 1970. Fields out of their ranges are taken as the nearest within.
    var secondsSince1970: Int64 {
        let year = min(9999, max(0, year))
        let month = min(12, max(1, month))
        let day = min(31, max(1, day))
        let marchYear = month <= 2 ? year &- 1 : year
        let era = Self.floorDivide(marchYear, 400)
        let yearOfEra = marchYear &- era &* 400
        let marchMonth = month > 2 ? month &- 3 : month &+ 9
        let dayOfYear = (marchMonth &* 153 &+ 2) / 5 &+ day &- 1
        let dayOfEra = yearOfEra &* 365 &+ yearOfEra / 4 &- yearOfEra / 100 &+ dayOfYear
        let days = era &* Self.daysTo400Years &+ dayOfEra &- Self.daysToEpoch
        return days &* 86_400 &+ min(23, max(0, hour)) &* 3600 &+ min(59, max(0, minute)) &* 60
            &+ min(59, max(0, second))
    }

    /// 1 for Sunday to 7 for Saturday.
    var weekday: Int64 {
        let days = Self.floorDivide(secondsSince1970, 86_400)
        // 1 January 1970 was a Thursday.
        return days &+ 4 &- Self.floorDivide(days &+ 4, 7) &* 7 &+ 1
    }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let quotient = value / divisor
        return value % divisor < 0 ? quotient &- 1 : quotient
    }
}
