//! What only Android needs: its trust store is asked through the JVM.

use jni::objects::{JClass, JObject};
use jni::{Env, EnvUnowned};

/// `SignalWireAndroid.initialize(context)`: lets certificates be verified by the system.
///
/// Called by the JVM once, before the first client is made. Throws `RuntimeException` in Java if the
/// context is none. A second call does nothing.
///
/// # Safety
///
/// Only the JVM may call this, which passes what JNI says.
// SAFETY: No other function of this name exists: it holds the name of its class.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn Java_com_signalwire_client_android_SignalWireAndroid_initialize<
    'local,
>(
    mut unowned: EnvUnowned<'local>,
    _class: JClass<'local>,
    context: JObject<'local>,
) {
    unowned
        .with_env(|env: &mut Env<'local>| {
            rustls_platform_verifier::android::init_with_env(env, context)
        })
        .resolve::<jni::errors::ThrowRuntimeExAndDefault>();
}
