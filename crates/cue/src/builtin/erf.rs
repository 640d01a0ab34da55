//! The inverse of the error function, which libm lacks: Wichura's algorithm AS 241 (PPND16, Applied Statistics 37, 1988),
//! with the normal distribution's scale taken out of the coefficients.

#![expect(clippy::excessive_precision, clippy::approx_constant, reason = "the coefficients stand as published")]

use std::f64::consts::LN_2;

/// Of |x| up to 0.85, in 0.180625 - x²/4.
const CENTRAL: Quotient = (
    [
        1.1975323115670912564578e0,
        4.7072688112383978012285e1,
        6.9706266534389598238465e2,
        4.8548868893843886794648e3,
        1.6235862515167575384252e4,
        2.3782041382114385731252e4,
        1.1819493347062294404278e4,
        8.8709406962545514830200e2,
    ],
    [
        1.0000000000000000000e0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ],
);

/// Of the tails down to e^-25, in r - 1.6.
const TAIL: Quotient = (
    [
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ],
    [
        1.4142135623730950488016887e0,
        2.9036514445419946173133295e0,
        2.3707661626024532365971225e0,
        9.7547832001787427186894837e-1,
        2.0945065210512749128288442e-1,
        2.1494160384252876777097297e-2,
        7.7441459065157709165577218e-4,
        1.4859850019840355905497876e-9,
    ],
);

/// Of the tails below that, in r - 5.
const FAR_TAIL: Quotient = (
    [
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ],
    [
        1.414213562373095048801689e0,
        8.482908416595164588112026e-1,
        1.936480946950659106176712e-1,
        2.103693768272068968719679e-2,
        1.112800997078859844711555e-3,
        2.611088405080593625138020e-5,
        2.010321207683943062279931e-7,
        2.891024605872965461538222e-15,
    ],
);

/// Coefficients of the numerator and of the denominator, from the lowest power.
type Quotient = ([f64; 8], [f64; 8]);

/// The factor comes first, as in the reference, whose last digit it decides.
fn quotient(factor: f64, (above, below): &Quotient, x: f64) -> f64 {
    let polynomial = |coefficients: &[f64; 8]| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c);
    factor * polynomial(above) / polynomial(below)
}

/// The number whose error function is `x`; infinite for 1 and -1, and no number beyond.
pub(super) fn erf_inv(x: f64) -> f64 {
    if x.is_nan() || x.abs() >= 1.0 {
        return if x.abs() == 1.0 { x * f64::INFINITY } else { f64::NAN };
    }
    let size = x.abs();
    let result = if size <= 0.85 {
        let r = 0.180625 - 0.25 * size * size;
        quotient(size, &CENTRAL, r)
    } else {
        let r = (LN_2 - libm::log(1.0 - size)).sqrt();
        if r <= 5.0 { quotient(1.0, &TAIL, r - 1.6) } else { quotient(1.0, &FAR_TAIL, r - 5.0) }
    };
    result.copysign(x)
}
