/// The cut of a column of numbers into at most 255 bins of about equally many rows.
///
/// Bin b holds the values above bound b - 1 and up to bound b; the last one all above the last
/// bound. Missing values (NaN) have a bin of their own behind these.
package struct NumberBins: Sendable, Equatable {
    /// The most bins of a column, so that the bin of missing values fits into a byte too.
    package static let maximum = 255

    /// The largest value of each bin but the last, rising. Between two values that occur, halfway.
    package let bounds: [Double]

    /// The number of bins, one at least, that of missing values not counted.
    package var count: Int { bounds.count + 1 }

    /// The bin of missing values.
    package var missing: UInt8 { UInt8(count) }

    /// The bins for some values, all finite or NaN: one a distinct value while there are at most
    /// `maximum`. Otherwise each bin takes values, in order, until it has its share of the rows
    /// that are left; a value that fills a bin alone stands alone.
    ///
    /// Exact: made from all values. Cost: a radix sort, in `memory`.
    package init(
        _ values: [Double], maximum: Int = NumberBins.maximum,
        _ memory: SortingMemory = SortingMemory()
    ) {
        precondition(maximum > 0 && maximum <= NumberBins.maximum)
        bounds = memory.withKeys(values.count) { keys, spare in
            var count = 0
            for value in values where !value.isNaN {
                // Unsafe: there is a place for each value. The sum makes -0 the 0 that it equals.
                unsafe keys.start[count] = orderKey(value + 0)
                count += 1
            }
            let sorted = radixSort(keys, spare, count: count)
            return unsafe NumberBins.bounds(
                UnsafeBufferPointer(start: sorted.start, count: count), maximum: maximum)
        }
    }

    private static func bounds(_ keys: UnsafeBufferPointer<UInt64>, maximum: Int) -> [Double] {
        var distinct: [Double] = []
        var place = 0
        while place < keys.count, distinct.count <= maximum {
            distinct.append(unsafe number(ofOrderKey: keys[place]))
            place = unsafe endOfRun(keys, place)
        }
        if distinct.count <= maximum { return zip(distinct, distinct.dropFirst()).map(middle) }
        var bounds: [Double] = []
        var start = 0
        var end = unsafe endOfRun(keys, 0)
        while end < keys.count, bounds.count + 1 < maximum {
            let next = unsafe endOfRun(keys, end)
            let bins = maximum - bounds.count
            // The rows so far, or those of the next value alone, are a bin's share of the rest.
            if max(end - start, next - end) * bins >= keys.count - start {
                let (low, high) = unsafe (keys[end - 1], keys[end])
                bounds.append(middle(number(ofOrderKey: low), number(ofOrderKey: high)))
                start = end
            }
            end = next
        }
        return bounds
    }

    /// The place behind the keys equal to that at a place.
    private static func endOfRun(_ keys: UnsafeBufferPointer<UInt64>, _ start: Int) -> Int {
        var end = start + 1
        while unsafe end < keys.count && keys[end] == keys[start] { end += 1 }
        return end
    }

    /// The bins with these bounds, which rise.
    package init(bounds: [Double]) { self.bounds = bounds }

    /// Writes each value's bin to `bins`, which has room for as many bytes.
    package func assign(_ values: [Double], to bins: UnsafeMutablePointer<UInt8>) {
        // A search of eight halvings over 255 places, those behind the bounds out of reach.
        let padded = bounds + [Double](repeating: .infinity, count: 256 - bounds.count)
        let missing = missing
        // Unsafe: the highest place looked at is 254, and `bins` is as long as `values`.
        unsafe padded.withUnsafeBufferPointer { padded in
            for (row, value) in values.enumerated() {
                // Eight halvings without a branch, which no predictor could foresee.
                var place = 0
                place |= unsafe bit(padded[place &+ 127] < value) &<< 7
                place |= unsafe bit(padded[place &+ 63] < value) &<< 6
                place |= unsafe bit(padded[place &+ 31] < value) &<< 5
                place |= unsafe bit(padded[place &+ 15] < value) &<< 4
                place |= unsafe bit(padded[place &+ 7] < value) &<< 3
                place |= unsafe bit(padded[place &+ 3] < value) &<< 2
                place |= unsafe bit(padded[place &+ 1] < value) &<< 1
                place |= unsafe bit(padded[place &+ 0] < value) &<< 0
                unsafe bins[row] = value.isNaN ? missing : UInt8(truncatingIfNeeded: place)
            }
        }
    }
}

/// A number at or above `low` and below `high`: halfway where there is one between.
private func middle(_ low: Double, _ high: Double) -> Double {
    let half = low * 0.5 + high * 0.5
    return half >= low && half < high ? half : low
}

/// 1 for true, made without a branch.
@inline(__always)
private func bit(_ flag: Bool) -> Int { Int(unsafe unsafeBitCast(flag, to: UInt8.self)) }
